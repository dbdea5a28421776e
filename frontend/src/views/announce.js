/** Says something politely, without moving the focus: seen for a moment, and heard by screen readers. @param {string} text */
export function announce(text) {
  const announcer = /** @type {HTMLElement} */ (document.getElementById("announcer"));
  announcer.textContent = text;
  clearTimeout(timer);
  timer = setTimeout(() => (announcer.textContent = ""), 6000);
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
