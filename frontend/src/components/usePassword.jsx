import { useState } from "react";

/**
 * A password to type: with a way to see it, which prevents more failures than hiding it prevents glances.
 * @param {Partial<import("./Form.jsx").FieldOptions>} [options] @returns {import("./Form.jsx").FieldOptions}
 */
export function usePassword({ input, after, ...options } = {}) {
  const [isShown, setShown] = useState(false);
  return {
    name: "password",
    label: "Password",
    missing: "Enter your password.",
    invalid: "This is longer than any password here.",
    blamedFor: "invalid_credentials",
    ...options,
    input: { autoComplete: "current-password", spellCheck: false, autoCapitalize: "none", ...input, type: isShown ? "text" : "password" },
    after: (
      <>
        {after}
        <label className="check">
          <input type="checkbox" checked={isShown} onChange={(event) => setShown(event.target.checked)} /> Show password
        </label>
      </>
    ),
  };
}
