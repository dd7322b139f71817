// Screen readers say what a dialog is for: Material leaves its search without a name.
document.querySelector("[data-md-component=search]")?.setAttribute("aria-label", "Search");
