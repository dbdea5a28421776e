import { useRef, useState } from "react";

import { describe } from "../text/messages.js";

/**
 * @typedef {{ name: string, label: string, hint?: string, missing: string, invalid: string, blamedFor?: string,
 *   wrong?: string, input: import("react").ComponentProps<"input">, after?: import("react").ReactNode }} FieldOptions
 *   `missing`: said when it is empty, `invalid` when the service refuses it; `blamedFor`: the error code that is about
 *   this field, and `wrong`: what is said at it then, in place of an alert
 */

/** A labelled input with its own error line, tied to it for screen readers. @param {{ field: FieldOptions, mark?: string }} props */
function Field({ field: { name, label, hint, input, after }, mark }) {
  const id = `field-${name}`;
  const described = [hint && `${id}-hint`, mark && `${id}-error`].filter(Boolean).join(" ");
  const control = <input id={id} name={name} required aria-invalid={!!mark} aria-describedby={described || undefined} {...input} />;
  return (
    <div className="field">
      {input.type === "checkbox" ? (
        <label className="check">{control} {label}</label>
      ) : (
        <>
          <label htmlFor={id}>{label}</label>
          {control}
        </>
      )}
      {hint && <p className="hint" id={`${id}-hint`}>{hint}</p>}
      {mark && <p className="field-error" id={`${id}-error`}>{mark}</p>}
      {after}
    </div>
  );
}

/**
 * Sends once at a time, announces what went wrong, and puts the focus where it can be mended.
 * @param {{ fields: FieldOptions[], submitLabel: string, busyLabel: string, kind?: "primary" | "danger",
 *   under?: import("react").ReactNode, submit: (values: Record<string, string>) => Promise<unknown> }} props
 */
export function Form({ fields, submitLabel, busyLabel, kind = "primary", submit, under }) {
  const [busy, setBusy] = useState(false);
  const [alert, setAlert] = useState("");
  const [marks, setMarks] = useState(/** @type {Record<string, string>} */ ({}));
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));

  /** @param {string} [name] */
  function focus(name) {
    const input = /** @type {HTMLInputElement | undefined} */ (name && form.current?.elements.namedItem(name));
    input?.focus();
    input?.select();
  }

  /** @param {any} error */
  function show(error) {
    const refused = fields.filter(({ name }) => error.fields?.some((/** @type {{ field: string }} */ { field }) => field === name));
    const blamed = fields.find(({ blamedFor }) => blamedFor === error.code);
    setAlert(blamed?.wrong ? "" : describe(error));
    setMarks(Object.fromEntries([...refused.map(({ name, invalid }) => [name, invalid]), ...(blamed?.wrong ? [[blamed.name, blamed.wrong]] : [])]));
    focus((refused[0] ?? blamed)?.name);
  }

  /** @param {import("react").FormEvent<HTMLFormElement>} event */
  async function onSubmit(event) {
    event.preventDefault();
    if (busy) return;
    const values = /** @type {Record<string, string>} */ (Object.fromEntries(new FormData(event.currentTarget)));
    const empty = fields.filter(({ name }) => !values[name]?.trim());
    setAlert("");
    setMarks(Object.fromEntries(empty.map(({ name, missing }) => [name, missing])));
    if (empty.length > 0) return focus(empty[0]?.name);
    setBusy(true);
    await submit(values).catch(show);
    setBusy(false);
  }

  return (
    // post: should a script ever fail to stop it, nothing typed here may land in an address.
    <form ref={form} method="post" noValidate onSubmit={onSubmit}>
      <div className="alert" role="alert">{alert}</div>
      {fields.map((field) => <Field key={field.name} field={field} mark={marks[field.name]} />)}
      <button type="submit" className={kind} aria-disabled={busy}>{busy ? busyLabel : submitLabel}</button>
      {under}
    </form>
  );
}
