"""Gradients against finite differences, for any function: what differs, and whether that is a bug or the arithmetic."""

from autograd.gradcheck.check import gradcheck, gradcheck_module, gradcheck_report, gradgradcheck
from autograd.gradcheck.report import Finding, GradcheckError, Mismatch, Report
