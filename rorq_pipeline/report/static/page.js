// Light and dark, and the place in the contents; serves the report and the index page.
(() => {
  "use strict";
  const root = document.documentElement;
  const button = document.getElementById("theme");
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const remembered = () => {
    try { return localStorage.getItem("rorq-theme"); } catch { return null; }
  };
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const show = () => {
    button.textContent = isDark() ? "Switch to light" : "Switch to dark";
    if (window.rorq) window.rorq.redraw();
  };
  const stored = remembered();
  if (stored === "dark" || stored === "light") root.dataset.theme = stored;
  button.hidden = false;
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    try { localStorage.setItem("rorq-theme", root.dataset.theme); } catch { /* kept for this view only */ }
    show();
  });
  system.addEventListener("change", show);
  show();

  const links = new Map([...document.querySelectorAll(".contents a")].map((link) => [link.hash.slice(1), link]));
  if (links.size && "IntersectionObserver" in window) {
    const observer = new IntersectionObserver((seen) => {
      for (const entry of seen) {
        if (!entry.isIntersecting) continue;
        for (const link of links.values()) link.removeAttribute("aria-current");
        const link = links.get(entry.target.id);
        if (!link) continue;
        link.setAttribute("aria-current", "true");
        // On a narrow screen the contents are one line that scrolls sideways.
        link.closest(".contents").scrollTo({ left: link.offsetLeft - 40 });
      }
    }, { rootMargin: "-15% 0px -75% 0px" });
    document.querySelectorAll("section[id]").forEach((section) => observer.observe(section));
  }
})();
