// The heatmap over any two dimensions of the exact surface.
(() => {
  "use strict";
  const { values, draw } = window.rorq;
  const form = document.getElementById("heat-controls");
  if (!form || !values.surface) return;
  const surface = values.surface;
  const plot = document.getElementById("heat-plot");
  const scale = [[0, "--heat-low"], [0.25, "--heat-low-mid"], [0.5, "--heat-0"], [0.625, "--heat-1"], [0.75, "--heat-2"], [0.875, "--heat-3"], [1, "--heat-5"]];

  const turned = (cells) => cells[0].map((_, column) => cells.map((row) => row[column]));
  const figureOf = (entry, measure) => {
    let [y, x] = entry.pair;
    let cells = entry[measure];
    // The longer dimension lies across, except where the plot is narrow.
    if ((surface.labels[y].length > surface.labels[x].length) !== plot.clientWidth < 520) {
      [x, y] = [y, x];
      cells = turned(cells);
    }
    const filled = (line) => line.some((value) => value !== null);
    const columns = cells[0].map((_, column) => column).filter((column) => cells.some((row) => row[column] !== null));
    const rows = cells.map((_, row) => row).filter((row) => filled(cells[row]));
    const labels = { [x]: columns.map((at) => surface.labels[x][at]), [y]: rows.map((at) => surface.labels[y][at]) };
    cells = rows.map((row) => columns.map((column) => cells[row][column]));
    const known = cells.flat().filter((value) => value !== null).map(Math.abs);
    const limit = known.length ? Math.max(...known) : 1;
    const data = [{
      type: "heatmap", z: cells, x: labels[x], y: labels[y], zmin: -limit, zmax: limit,
      colorscale: scale, xgap: 2, ygap: 2, hoverongaps: false,
      text: cells.map((row) => row.map((value) => (value === null ? "" : value.toFixed(0).replace("-", "−")))), texttemplate: "%{text}",
      colorbar: { thickness: 10, outlinewidth: 0, ticksuffix: "%", tickfont: { color: "--soft-ink", size: 11 } },
      hovertemplate: `${surface.names[x]} %{x}<br>${surface.names[y]} %{y}<br><b>%{z:.2f}%</b><extra></extra>`,
    }];
    const chosen = [x, y].map((name) => surface.labels[name][surface.chosen[name]]);
    if (labels[x].includes(chosen[0]) && labels[y].includes(chosen[1])) {
      const at = { x: [chosen[0]], y: [chosen[1]] };
      const ring = (size, color, width) => ({
        type: "scatter", mode: "markers", ...at, hoverinfo: "skip",
        marker: { size, symbol: "circle-open", color, line: { width, color } },
      });
      data.push(ring(30, "--paper", 5), ring(30, "--ink", 2));
    }
    return {
      data,
      layout: {
        height: Math.max(300, 90 + 36 * labels[y].length),
        xaxis: { type: "category", title: { text: surface.names[x] }, showgrid: false },
        yaxis: { type: "category", title: { text: surface.names[y] }, showgrid: false },
        margin: { t: 10, r: 10 },
      },
    };
  };
  const show = () => {
    const asked = new FormData(form);
    draw(plot, figureOf(surface.pairs[Number(asked.get("pair"))], asked.get("measure")));
  };
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  show();
})();
