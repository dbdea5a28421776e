import { useState } from "react";

import { usePassword } from "../components/usePassword.jsx";
import { lengthOf, missingLength } from "../text/password.js";

/**
 * A password to choose. What it must be is said before and while it is typed; what the service has against it, at the field.
 * @param {{ name?: string, min: number, least?: number }} rules lengths: `min` is asked for; less than `least` is not even sent
 */
export function useNewPassword({ name = "password", min, least = min }) {
  const [length, setLength] = useState(0);
  return usePassword({
    name,
    label: "New password",
    hint: `At least ${min} characters. Some words that only you would put together are easier to keep in mind than odd signs, and harder to guess.`,
    missing: "Choose a password.",
    invalid: undefined,
    blamedFor: undefined,
    check: (value) => (lengthOf(value) < least ? missingLength(value, least) : ""),
    input: { autoComplete: "new-password", onChange: (event) => setLength(lengthOf(event.target.value)) },
    after: length > 0 && <p className="hint" data-length={length}>{length < min ? `${length} of ${min} characters` : `${length} characters: long enough`}</p>,
  });
}
