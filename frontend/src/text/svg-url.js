/**
 * The address of an SVG as an image: there it runs no script and loads nothing. An SVG made to stand within HTML
 * lacks the namespace that an image needs.
 * @param {string} svg
 */
export function svgUrl(svg) {
  const standalone = /^<svg[^>]*\sxmlns=/.test(svg) ? svg : svg.replace(/^<svg/, '<svg xmlns="http://www.w3.org/2000/svg"');
  return `data:image/svg+xml;charset=utf-8,${encodeURIComponent(standalone)}`;
}
