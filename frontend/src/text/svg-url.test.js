import assert from "node:assert/strict";
import test from "node:test";

import { svgUrl } from "./svg-url.js";

/** @type {[string, string, string][]} */
const IMAGES = [
  ["one with its namespace stays", '<svg width="1" xmlns="http://www.w3.org/2000/svg"/>', '<svg width="1" xmlns="http://www.w3.org/2000/svg"/>'],
  ["one made for HTML gets its namespace", '<svg width="1"/>', '<svg xmlns="http://www.w3.org/2000/svg" width="1"/>'],
  ["# and ü arrive", '<svg xmlns="x" fill="#fff">ü</svg>', '<svg xmlns="x" fill="#fff">ü</svg>'],
];
for (const [title, svg, expected] of IMAGES) {
  test(`an SVG as an image: ${title}`, () => {
    assert.equal(decodeURIComponent(svgUrl(svg).replace(/^data:[^,]*,/, "")), expected);
  });
}
