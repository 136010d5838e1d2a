// Sorts the rows of a table by the column whose heading is pressed: numbers by value, what is
// undefined last, all else by the alphabet.
for (const table of document.querySelectorAll("table")) {
  const heads = [...table.tHead.rows[0].cells];
  const key = (row, column) => {
    const text = row.cells[column].textContent.trim();
    const number = parseFloat(text.replace(/^\[/, "").replace("\u2212", "-"));
    return Number.isNaN(number) ? [text === "\u2013" ? 2 : 1, text] : [0, number];
  };
  const compare = (a, b) =>
    a[0] - b[0] || (a[0] === 0 ? a[1] - b[1] : a[1].localeCompare(b[1]));
  heads.forEach((head, column) => {
    head.querySelector("button").addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const keyed = [...table.tBodies[0].rows].map((row) => [key(row, column), row]);
      keyed.sort(([a], [b]) => {
        const last = Math.max(a[0], b[0]) === 2;
        return down && !last ? compare(b, a) : compare(a, b);
      });
      table.tBodies[0].append(...keyed.map(([, row]) => row));
    });
  });
}
