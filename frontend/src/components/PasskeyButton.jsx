import { Action } from "./Action.jsx";
import { unlessCancelled, usePasskeys } from "./usePasskeys.js";

/**
 * Does something by a passkey; where the browser has none, there is no button.
 * @param {{ label: string, run: (passkeys: import("../auth/passkeys.js").Passkeys) => Promise<unknown> }} props
 */
export function PasskeyButton({ label, run }) {
  const passkeys = usePasskeys();
  if (!passkeys.isSupported) return null;
  return (
    <div className="actions">
      <Action label={label} busyLabel="Follow your browser…" run={() => run(passkeys).catch(unlessCancelled)} />
    </div>
  );
}
