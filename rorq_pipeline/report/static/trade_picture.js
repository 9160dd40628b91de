// One trade up close: the underlying with VWAP and its bands, and the option, around the trade.
(() => {
  "use strict";
  const { values, draw, format } = window.rorq;
  const plot = document.getElementById("closeup-plot");
  if (!plot || !values.pictures || !values.pictures.length) return;
  const at = Object.fromEntries(values.trades.columns.map((name, index) => [name, index]));
  const windows = new Map(values.pictures.map((picture) => [picture.trade, picture]));
  const known = [...windows.keys()];
  let current = null;

  const sums = (differences) => {
    let total = 0;
    return differences.map((step) => (step === null ? null : (total += step) / 10000));
  };
  const running = (steps) => {
    let total = 0;
    return steps.map((step) => (total += step));
  };
  // Plotly needs dates for a clock axis; the day is of no account.
  const moment = (second) => `2000-01-01 ${format.clock(second)}`;

  const line = (name, x, y, more) => ({
    type: "scatter", mode: "lines", name, x, y, hovertemplate: `%{x|%H:%M:%S} ${name} <b>$%{y:,.2f}</b><extra></extra>`, ...more,
  });
  const mark = (name, second, price, symbol, tone, axis) => ({
    type: "scatter", mode: "markers", name, x: [moment(second)], y: [price], yaxis: axis,
    marker: { symbol, size: 12, color: tone, line: { width: 1.5, color: "--paper" } },
    hovertemplate: `${name} %{x|%H:%M:%S} <b>$%{y:,.2f}</b><extra></extra>`,
  });
  const upright = (second) => ({
    type: "line", xref: "x", yref: "paper", x0: moment(second), x1: moment(second), y0: 0, y1: 1,
    line: { color: "--rule-strong", width: 1, dash: "dot" }, layer: "below",
  });

  const figureOf = (row, picture) => {
    const underlying = sums(picture.underlying);
    const vwap = sums(picture.vwap);
    const x = underlying.map((_, index) => moment(picture.start + index));
    const optionX = running(picture.seconds).map((second) => moment(picture.start + second));
    const side = row[at.side] === "above" ? 1 : -1;
    const band = (threshold) => vwap.map((price) => (price === null ? null : price * (1 + side * threshold)));
    const price = (second) => underlying[second - picture.start];
    const times = ["stretch_time", "signal_time", "entry_time", "exit_time"].map((name) => row[at[name]]);
    const data = [
      line("Stretch band", x, band(values.bands.stretch), { line: { color: "--sky", width: 1.2, dash: "dash" } }),
      line("Reclaim band", x, band(values.bands.reclaim), { line: { color: "--green", width: 1.2, dash: "dash" } }),
      line("VWAP", x, vwap, { line: { color: "--grey", width: 1.6 } }),
      line("Underlying", x, underlying, { line: { color: "--blue", width: 1.6, shape: "hv" } }),
      line("Option", optionX, sums(picture.option), { line: { color: "--purple", width: 1.6, shape: "hv" }, yaxis: "y2" }),
    ];
    if (times[0] !== null) data.push(mark("Stretch", times[0], price(times[0]), "circle-open", "--sky", "y"));
    data.push(mark("Reclaim", times[1], price(times[1]), "circle", "--green", "y"));
    data.push(mark("Entry", times[2], row[at.entry_price], "triangle-up", "--blue", "y2"));
    data.push(mark("Exit", times[3], row[at.exit_price], "triangle-down", "--ink", "y2"));
    return {
      data,
      layout: {
        height: 520, hovermode: "closest",
        legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", font: { size: 11 } },
        margin: { t: 56 },
        shapes: times.filter((second) => second !== null).map(upright),
        xaxis: { type: "date", tickformat: "%H:%M:%S", nticks: 7, anchor: "y2" },
        yaxis: { domain: [0.42, 1], title: { text: "Underlying, USD" }, tickformat: ",.2f" },
        yaxis2: { domain: [0, 0.34], title: { text: "Option, USD" }, tickformat: ",.2f" },
      },
    };
  };

  const show = (trade) => {
    const row = values.trades.rows[trade];
    if (!row || !windows.has(trade)) return;
    current = trade;
    document.getElementById("closeup-name").textContent =
      `Trade ${trade + 1}: ${row[at.session]}, ${row[at.contract]}, ${format.words(row[at.exit_reason])}, ${format.dollars(row[at.net_pnl_usd])}${ages(row)}`;
    for (const marked of document.querySelectorAll("#trade-table tr[aria-current]")) marked.removeAttribute("aria-current");
    const line = document.querySelector(`#trade-table tr[data-trade="${trade}"]`);
    if (line) line.setAttribute("aria-current", "true");
    draw(plot, figureOf(row, windows.get(trade)));
  };
  const ages = (row) => {
    const [entry, exit] = [row[at.entry_age_seconds], row[at.exit_age_seconds]];
    return entry === null || exit === null ? "" : `; bought at a price ${entry} s old, sold at one ${exit} s old`;
  };
  const step = (by) => known[(known.indexOf(current) + by + known.length) % known.length];
  document.querySelector("#closeup .controls").addEventListener("click", (event) => {
    const asked = event.target.dataset.trade;
    if (!asked) return;
    show({ best: values.extremes.best, worst: values.extremes.worst, previous: step(-1), next: step(1) }[asked]);
  });
  document.addEventListener("rorq:trade", (event) => {
    show(event.detail);
    document.getElementById("closeup").scrollIntoView({ block: "start" });
  });
  window.rorq.showTrade = show;
  show(windows.has(values.extremes.best) ? values.extremes.best : known[0]);
})();
