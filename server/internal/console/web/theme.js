// Runs before the page is drawn, so that it does not flash in the other colours.
try {
  const theme = localStorage.getItem("thimble-theme");
  if (theme) document.documentElement.dataset.theme = theme;
} catch {
  // No storage: what the system prefers counts.
}
