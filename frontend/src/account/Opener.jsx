import { useState } from "react";

/**
 * A button that opens what it is about: a form in its place, until that is done or put off. The focus comes back to it.
 * @param {{ label: string, children: (close: () => void) => import("react").ReactNode }} props
 */
export function Opener({ label, children }) {
  const [isOpen, setOpen] = useState(false);
  const [wasOpen, setWasOpen] = useState(false);
  function close() {
    setOpen(false);
    setWasOpen(true);
  }
  if (isOpen) return children(close);
  return (
    <div className="actions">
      <button type="button" className="quiet" autoFocus={wasOpen} onClick={() => setOpen(true)}>{label}</button>
    </div>
  );
}
