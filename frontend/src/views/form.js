import { describe } from "../messages.js";
import { el } from "./el.js";

/**
 * @typedef {{ name: string, label: string, hint?: string, attributes: import("./el.js").Attributes,
 *   missing: string, invalid: string }} FieldOptions what to say when it is empty, and when the service refuses its form
 * @typedef {ReturnType<typeof createField>} Field
 */

/** A labelled input with its own error line, tied to it for screen readers. @param {FieldOptions} options */
export function createField({ name, label, hint, attributes, missing, invalid }) {
  const id = `field-${name}`;
  const hintId = hint ? `${id}-hint` : null;
  const error = el("p", { class: "field-error", id: `${id}-error`, hidden: true });
  const input = el("input", { id, name, required: true, "aria-describedby": hintId, ...attributes });
  return {
    name,
    input,
    missing,
    invalid,
    node: el(
      "div",
      { class: "field" },
      el("label", { for: id }, label),
      input,
      hint && el("p", { class: "hint", id: hintId }, hint),
      error,
    ),
    /** @param {string | null} text null takes the mark away */
    mark(text) {
      error.textContent = text;
      error.hidden = text === null;
      input.setAttribute("aria-invalid", String(text !== null));
      input.setAttribute("aria-describedby", [hintId, text !== null && error.id].filter(Boolean).join(" "));
    },
  };
}

/**
 * A form that sends once at a time, announces what went wrong (role=alert) and puts the focus where it can be mended.
 * @param {{ fields: Field[], submitLabel: string, busyLabel: string, submit: (values: Record<string, string>) => Promise<void>,
 *   blame?: (code: string) => Field | undefined, under?: Node }} options `blame`: the field that an error code is about
 */
export function createForm({ fields, submitLabel, busyLabel, submit, blame, under }) {
  const alert = el("div", { class: "alert", role: "alert" });
  const button = el("button", { class: "primary", type: "submit" }, submitLabel);
  // post: should a script ever fail to stop it, nothing typed here may land in an address.
  const node = el("form", { method: "post", novalidate: true, onsubmit }, alert, ...fields.map((f) => f.node), button, under);
  let busy = false;

  /** @param {boolean} now */
  function setBusy(now) {
    busy = now;
    button.setAttribute("aria-disabled", String(now)); // not `disabled`, which would throw the focus away
    button.textContent = now ? busyLabel : submitLabel;
  }

  /** @param {SubmitEvent} event */
  async function onsubmit(event) {
    event.preventDefault();
    if (busy) return;
    alert.textContent = "";
    for (const field of fields) field.mark(null);
    if (refuseEmpty()) return;
    setBusy(true);
    try {
      await submit(Object.fromEntries(fields.map((field) => [field.name, field.input.value])));
    } catch (error) {
      show(/** @type {import("../problem.js").ApiError} */ (error));
    } finally {
      setBusy(false);
    }
  }

  function refuseEmpty() {
    const empty = fields.filter((field) => field.input.value.trim() === "");
    for (const field of empty) field.mark(field.missing);
    empty[0]?.input.focus();
    return empty.length > 0;
  }

  /** @param {import("../problem.js").ApiError} error */
  function show(error) {
    alert.textContent = describe(error);
    const marked = fields.filter((field) => error.fields?.some((each) => each.field === field.name));
    for (const field of marked) field.mark(field.invalid);
    const culprit = marked[0] ?? blame?.(error.code);
    culprit?.input.focus();
    culprit?.input.select();
  }

  return { node };
}
