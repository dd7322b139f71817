"""Gradients against finite differences, for any function: what differs, and whether that is a bug or the arithmetic."""

from autograd.checking.check import gradcheck, gradcheck_module, gradcheck_report, gradgradcheck
from autograd.checking.report import Finding, GradcheckError, Mismatch, Report
