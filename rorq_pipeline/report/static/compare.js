// Two ranges side by side on the index; every value is set as text.
(() => {
  "use strict";
  const form = document.getElementById("compare");
  if (!form) return;
  const ranges = JSON.parse(document.getElementById("ranges-data").textContent);
  const table = document.getElementById("compared");
  const cell = (tag, text, scope) => {
    const made = document.createElement(tag);
    made.textContent = text;
    if (scope) made.scope = scope;
    return made;
  };
  const show = () => {
    const [left, right] = ["left", "right"].map((name) => ranges[Number(new FormData(form).get(name))]);
    table.tHead.replaceChildren(document.createElement("tr"));
    table.tHead.rows[0].append(...["", left.title, right.title].map((text) => cell("th", text, "col")));
    const others = new Map(right.values);
    const titles = [...new Set([...left.values, ...right.values].map(([title]) => title))];
    const own = new Map(left.values);
    table.tBodies[0].replaceChildren(...titles.map((title) => {
      const row = document.createElement("tr");
      const [a, b] = [own.get(title) ?? "–", others.get(title) ?? "–"];
      row.append(cell("th", title, "row"), cell("td", a), cell("td", ""));
      const marked = cell("span", b);
      if (a !== b) marked.className = "differs";
      row.cells[2].append(marked);
      return row;
    }));
  };
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  show();
})();
