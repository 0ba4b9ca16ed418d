// Runs before the first paint so that the page never flashes in the wrong theme.
(function () {
  var stored = null;
  try {
    stored = window.localStorage.getItem("alphapulse-scheme");
  } catch {
    stored = null;
  }
  var light = window.matchMedia("(prefers-color-scheme: light)").matches;
  var scheme = stored === "dark" || stored === "light" ? stored : light ? "light" : "dark";
  document.documentElement.setAttribute("data-mantine-color-scheme", scheme);
})();
