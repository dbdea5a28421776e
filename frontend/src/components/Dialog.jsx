import { useId, useLayoutEffect, useRef } from "react";

/**
 * Over the page, which stands still meanwhile. The browser's own: it keeps the focus, and gives it back afterwards.
 * @param {{ title: string, busy: boolean, close: () => void, children: import("react").ReactNode }} props `busy`: not
 *   to be left now; `close`: it was left, by Escape too
 */
export function Dialog({ title, busy, close, children }) {
  const id = useId();
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useLayoutEffect(() => {
    const shown = dialog.current;
    if (!shown?.open) shown?.showModal();
    return () => shown?.close(); // while it is still there: or the focus would go nowhere
  }, []);
  return (
    <dialog ref={dialog} className="card" aria-labelledby={id} onCancel={(event) => busy && event.preventDefault()} onClose={() => dialog.current?.open || close()}>
      <h2 id={id}>{title}</h2>
      {children}
    </dialog>
  );
}
