"""The few names of timm that models of other repositories import."""
