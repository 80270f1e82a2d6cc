// Runs before the page is painted (a classic script in the head): colours as chosen, no flash of the other ones.

(() => {
  const root = document.documentElement, key = "theme";
  const system = window.matchMedia("(prefers-color-scheme: dark)");

  /** What was chosen, or nothing; a browser may refuse to remember. */
  function chosen() {
    try {
      const value = localStorage.getItem(key);
      return value === "dark" || value === "light" ? value : null;
    } catch {
      return null;
    }
  }

  function remember(value) {
    try {
      localStorage.setItem(key, value);
    } catch {
      // The choice holds for this page only.
    }
  }

  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);

  function label() {
    const button = document.getElementById("theme");
    if (!button) return;
    const words = isDark() ? "Use light colours" : "Use dark colours";
    button.setAttribute("aria-label", words);
    button.title = words;
  }

  function choose(theme) {
    if (theme) root.dataset.theme = theme;
    else delete root.dataset.theme;
    label();
  }

  root.dataset.js = "";
  choose(chosen());
  system.addEventListener("change", () => choose(chosen()));
  window.addEventListener("storage", (event) => { if (event.key === key) choose(chosen()); });
  document.addEventListener("DOMContentLoaded", () => {
    label();
    document.getElementById("theme")?.addEventListener("click", () => {
      const theme = isDark() ? "light" : "dark";
      remember(theme);
      choose(theme);
    });
  });
})();
