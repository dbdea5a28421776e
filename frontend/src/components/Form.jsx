import { useId, useRef, useState } from "react";

import { describe } from "../text/messages.js";
import { Wait } from "./Wait.jsx";

/**
 * @typedef {{ name: string, label: string, hint?: string, missing?: string, invalid?: string, blamedFor?: string,
 *   wrong?: string, check?: (value: string) => string, input: import("react").ComponentProps<"input">,
 *   after?: import("react").ReactNode }} FieldOptions
 *   `missing`: said when it is empty, without it the field may be; `invalid`: said when the service refuses it, without
 *   it the service's own reason is; `blamedFor`: the error code that is about this field, and `wrong`: what is said at
 *   it then, in place of an alert; `check`: what is wrong with a value before it is sent, or nothing
 */

/** A labelled input with its own error line, tied to it for screen readers. @param {{ field: FieldOptions, mark?: string }} props */
function Field({ field: { name, label, hint, missing, input, after }, mark }) {
  const id = useId(); // not by its name: a dialog may ask for a password over a form that does
  const described = [hint && `${id}-hint`, mark && `${id}-error`].filter(Boolean).join(" ");
  const control = <input id={id} name={name} required={!!missing} aria-invalid={!!mark} aria-describedby={described || undefined} {...input} />;
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
  const [wait_s, setWait] = useState(0);
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
    /** @type {import("../auth/errors.js").FieldError[]} */
    const faults = error.fields ?? [];
    const refused = fields.filter(({ name }) => faults.some(({ field }) => field === name));
    const blamed = fields.find(({ blamedFor }) => blamedFor === error.code);
    const said = (/** @type {FieldOptions} */ { name, invalid }) => invalid ?? faults.flatMap(({ field, message }) => (field === name ? [message] : [])).join(" ");
    setAlert(blamed?.wrong ? "" : describe(error));
    setWait(error.code === "account_locked" ? error.retryAfter : 0);
    setMarks(Object.fromEntries([...refused.map((field) => [field.name, said(field)]), ...(blamed?.wrong ? [[blamed.name, blamed.wrong]] : [])]));
    focus((refused[0] ?? blamed)?.name);
  }

  /** @param {import("react").FormEvent<HTMLFormElement>} event */
  async function onSubmit(event) {
    event.preventDefault();
    if (busy) return;
    const values = /** @type {Record<string, string>} */ (Object.fromEntries(new FormData(event.currentTarget)));
    const faults = fields.flatMap(({ name, missing, check }) => {
      const value = values[name] ?? "";
      const fault = value.trim() ? check?.(value) : missing;
      return fault ? [[name, fault]] : [];
    });
    setAlert("");
    setWait(0);
    setMarks(Object.fromEntries(faults));
    if (faults.length > 0) return focus(faults[0]?.[0]);
    setBusy(true);
    await submit(values).catch(show);
    setBusy(false);
  }

  return (
    // post: should a script ever fail to stop it, nothing typed here may land in an address.
    <form ref={form} method="post" noValidate onSubmit={onSubmit}>
      <div className="alert" role="alert">{alert}</div>
      {wait_s > 0 && <Wait key={alert} seconds={wait_s} />}
      {fields.map((field) => <Field key={field.name} field={field} mark={marks[field.name]} />)}
      <button type="submit" className={kind} aria-disabled={busy}>{busy ? busyLabel : submitLabel}</button>
      {under}
    </form>
  );
}
