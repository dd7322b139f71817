"""What HIPS autograd has of SciPy, which must be installed: functions whose derivatives are known here."""
