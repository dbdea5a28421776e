/** SVG path data of lines with gaps. */

/**
 * @typedef {(number | null)[]} Places y in px; null: nothing known there
 * @typedef {{ solid: string, dashed: string }} Line `dashed`: what leads to a window that is not complete
 */

const tenth = (/** @type {number} */ value) => Math.round(value * 10) / 10;

/** @param {Places} places @param {(index: number) => number} x @param {Set<number>} partial @returns {Line} */
export function linePath(places, x, partial) {
  /** @type {{ solid: string[], dashed: string[] }} */
  const parts = { solid: [], dashed: [] };
  /** @type {"solid" | "dashed" | null} */
  let pen = null;
  places.forEach((y, index) => {
    const before = index > 0 ? places[index - 1] : null;
    if (y === null || before === null || before === undefined) {
      pen = null;
      // A value without neighbours is a dot.
      if (y !== null && (places[index + 1] ?? null) === null) parts.solid.push(`M${tenth(x(index))} ${tenth(y)}h0.1`);
      return;
    }
    const kind = partial.has(index) || partial.has(index - 1) ? "dashed" : "solid";
    if (pen !== kind) parts[kind].push(`M${tenth(x(index - 1))} ${tenth(before)}`);
    parts[kind].push(`L${tenth(x(index))} ${tenth(y)}`);
    pen = kind;
  });
  return { solid: parts.solid.join(""), dashed: parts.dashed.join("") };
}

/** Down to `floor`, under what is complete. @param {Places} places @param {(index: number) => number} x @param {number} floor @param {Set<number>} partial */
export function areaPath(places, x, floor, partial) {
  const known = places.map((y, index) => ({ y, index })).filter(({ y, index }) => y !== null && !partial.has(index));
  const [first, last] = [known[0], known.at(-1)];
  if (!first || !last || known.length < 2) return "";
  const top = known.map(({ y, index }) => `L${tenth(x(index))} ${tenth(Number(y))}`).join("");
  return `M${tenth(x(first.index))} ${tenth(floor)}${top}L${tenth(x(last.index))} ${tenth(floor)}Z`;
}
