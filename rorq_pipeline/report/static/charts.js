// Draws the figures of the page's JSON with Plotly when they come into view, in the page's colours.
(() => {
  "use strict";
  const values = JSON.parse(document.getElementById("report-data").textContent);
  const rorq = (window.rorq = { values, drawn: new Map() });
  const token = /^(--[\w-]+)(?:@([\d.]+))?$/;

  const color = (text) => {
    const found = token.exec(text);
    if (!found) return text;
    const hex = getComputedStyle(document.documentElement).getPropertyValue(found[1]).trim();
    if (!found[2]) return hex;
    const part = (at) => parseInt(hex.slice(at, at + 2), 16);
    return `rgba(${part(1)},${part(3)},${part(5)},${found[2]})`;
  };
  const resolve = (value) => {
    if (typeof value === "string") return color(value);
    if (Array.isArray(value)) return value.map(resolve);
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolve(item)]));
    }
    return value;
  };
  const axis = (own, narrow) => ({
    gridcolor: color("--rule"), linecolor: color("--rule-strong"), zerolinecolor: color("--rule-strong"),
    zeroline: false, ticks: "", automargin: true, ...own,
    ...(own && own.title ? { title: { ...own.title, standoff: 10, font: { size: 12, color: color("--soft-ink") } } } : {}),
    tickfont: { color: color("--soft-ink"), size: narrow ? 10 : 11.5, ...(own && own.tickfont) },
    ...(narrow && own && own.nticks ? { nticks: Math.ceil(own.nticks / 3) } : {}),
  });
  rorq.layout = (own, width) => {
    const narrow = width < 520;
    const made = {
      autosize: true, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: color("--ink") },
      hoverlabel: { bgcolor: color("--panel"), bordercolor: color("--rule-strong"), font: { color: color("--ink"), size: 12.5 } },
      separators: ".,", dragmode: false, showlegend: "legend" in own, ...own,
      margin: { l: narrow ? 44 : 64, r: 12, t: 14, b: 44, ...(own.margin || {}) },
    };
    for (const key of Object.keys(own)) if (/^[xy]axis\d*$/.test(key)) made[key] = axis(own[key], narrow);
    for (const key of ["xaxis", "yaxis"]) made[key] = made[key] || axis({}, narrow);
    return made;
  };
  const config = { responsive: true, displaylogo: false, displayModeBar: false, scrollZoom: false, doubleClick: "reset" };

  rorq.draw = (element, figure) => {
    rorq.drawn.set(element, figure);
    const own = resolve(figure);
    return Plotly.react(element, own.data, rorq.layout(own.layout || {}, element.clientWidth), config);
  };
  rorq.redraw = () => {
    for (const [element, figure] of rorq.drawn) rorq.draw(element, figure);
    document.dispatchEvent(new CustomEvent("rorq:theme"));
  };
  const drawNamed = (element) => {
    const figure = values.figures[element.dataset.figure];
    if (figure && !rorq.drawn.has(element)) return rorq.draw(element, figure);
    return null;
  };
  const waiting = [...document.querySelectorAll(".plot[data-figure]")];
  for (const element of waiting) {
    const figure = values.figures[element.dataset.figure];
    if (figure && figure.layout && figure.layout.height) element.style.minHeight = `${figure.layout.height}px`;
  }
  rorq.drawAll = () => Promise.all(waiting.map(drawNamed));
  if ("IntersectionObserver" in window) {
    const observer = new IntersectionObserver((seen) => {
      for (const entry of seen) {
        if (!entry.isIntersecting) continue;
        observer.unobserve(entry.target);
        drawNamed(entry.target);
      }
    }, { rootMargin: "600px" });
    waiting.forEach((element) => observer.observe(element));
  } else {
    rorq.drawAll();
  }
})();
