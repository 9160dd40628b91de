// The trades table: sorted, filtered and paged here, every value set as text.
(() => {
  "use strict";
  const values = window.rorq.values;
  const table = document.getElementById("trade-table");
  if (!table || !values.trades) return;
  const PAGE = 50;
  const at = Object.fromEntries(values.trades.columns.map((name, index) => [name, index]));
  const pictured = new Set((values.pictures || []).map((picture) => picture.trade));
  const two = (n) => String(n).padStart(2, "0");
  const clock = (s) => (s === null ? "–" : `${two(Math.floor(s / 3600))}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`);
  const fixed = (digits) => (v) => (v === null ? "–" : v.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }).replace("-", "−"));
  const plus = (write) => (v) => (v > 0 ? `+${write(v)}` : write(v));
  const words = (v) => String(v).replaceAll("_", " ");
  const dollars = (v) => (v === null ? "–" : `${v < 0 ? "−" : v > 0 ? "+" : ""}$${fixed(2)(Math.abs(v))}`);
  window.rorq.format = { clock, dollars, words, fixed };
  const shown = [
    ["number", "#", (v) => String(v + 1), true],
    ["session", "Session", String, false],
    ["contract", "Contract", String, false],
    ["entry_time", "Entry", clock, true],
    ["entry_price", "Paid, USD", fixed(2), true],
    ["exit_time", "Exit", clock, true],
    ["exit_price", "Got, USD", fixed(2), true],
    ["held_seconds", "Held, s", String, true],
    ["exit_reason", "Exit reason", words, false],
    ["net_pnl_usd", "Net P&L", dollars, true],
    ["return_on_risk_percent", "On risk, %", plus(fixed(1)), true],
  ];
  const state = { by: "number", down: false, page: 0 };
  const form = document.getElementById("trade-filters");
  const head = table.tHead.rows[0];
  const body = table.tBodies[0];
  const pager = document.getElementById("trade-pages");

  const cell = (tag, text, numeric) => {
    const made = document.createElement(tag);
    made.textContent = text;
    if (numeric) made.className = "n";
    return made;
  };
  for (const [name, title, , numeric] of shown) {
    const header = cell("th", "", numeric);
    header.scope = "col";
    header.dataset.column = name;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = title;
    button.addEventListener("click", () => {
      state.down = state.by === name ? !state.down : false;
      state.by = name;
      state.page = 0;
      render();
    });
    header.append(button);
    head.append(header);
  }
  if (pictured.size) {
    const header = cell("th", "Picture", false);
    header.scope = "col";
    head.append(header);
  }
  const matches = (row) => {
    const asked = new FormData(form);
    const pnl = row[at.net_pnl_usd];
    if (asked.get("outcome") === "gain" && !(pnl > 0)) return false;
    if (asked.get("outcome") === "loss" && !(pnl <= 0)) return false;
    if (asked.get("side") && row[at.side] !== asked.get("side")) return false;
    if (asked.get("reason") && row[at.exit_reason] !== asked.get("reason")) return false;
    const text = String(asked.get("text")).trim().toLowerCase();
    if (!text) return true;
    return shown.map(([name, , write]) => write(row[at[name]])).join(" ").toLowerCase().includes(text);
  };
  const order = (a, b) => {
    const [x, y] = [a[at[state.by]], b[at[state.by]]];
    const sign = x === y ? a[0] - b[0] : x === null ? 1 : y === null ? -1 : x < y ? -1 : 1;
    return x !== y && state.down ? -sign : sign;
  };
  const rowOf = (row) => {
    const made = document.createElement("tr");
    made.dataset.trade = row[at.number];
    shown.forEach(([name, , write, numeric], index) => {
      const value = cell(index ? "td" : "th", write(row[at[name]]), numeric);
      if (!index) value.scope = "row";
      if (name === "net_pnl_usd") value.classList.add(row[at[name]] > 0 ? "gain" : "loss");
      made.append(value);
    });
    if (pictured.size) {
      const last = document.createElement("td");
      if (pictured.has(row[at.number])) {
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = "Show";
        button.setAttribute("aria-label", `Show trade ${row[at.number] + 1} up close`);
        button.addEventListener("click", () => document.dispatchEvent(new CustomEvent("rorq:trade", { detail: row[at.number] })));
        last.append(button);
      }
      made.append(last);
    }
    return made;
  };
  const render = () => {
    const rows = values.trades.rows.filter(matches).sort(order);
    const pages = Math.max(Math.ceil(rows.length / PAGE), 1);
    state.page = Math.min(state.page, pages - 1);
    const from = state.page * PAGE;
    body.replaceChildren(...rows.slice(from, from + PAGE).map(rowOf));
    for (const header of head.cells) {
      if (header.dataset.column === state.by) header.setAttribute("aria-sort", state.down ? "descending" : "ascending");
      else header.removeAttribute("aria-sort");
    }
    const sum = rows.reduce((total, row) => total + row[at.net_pnl_usd], 0);
    document.getElementById("trade-count").textContent =
      `${rows.length.toLocaleString("en-US")} of ${values.trades.rows.length.toLocaleString("en-US")} trades, net P&L ${dollars(sum)}`;
    pager.hidden = pages < 2;
    pager.style.display = pages < 2 ? "none" : "";
    pager.querySelector("span").textContent = `${from + 1} to ${Math.min(from + PAGE, rows.length)}`;
    const [back, on] = pager.querySelectorAll("button");
    back.disabled = state.page === 0;
    on.disabled = state.page === pages - 1;
  };
  pager.addEventListener("click", (event) => {
    const step = Number(event.target.dataset.page);
    if (!step) return;
    state.page += step;
    render();
  });
  form.addEventListener("input", () => { state.page = 0; render(); });
  form.addEventListener("reset", () => setTimeout(() => { state.page = 0; render(); }));
  form.addEventListener("submit", (event) => event.preventDefault());
  render();
})();
