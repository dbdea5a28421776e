import { instant } from "../text/format.js";
import { Heading } from "./Heading.jsx";

/** Where one is after deleting the account. @param {{ erasure: import("./DeleteAccount.jsx").Erasure, done: () => void }} props */
export function Farewell({ erasure: { status, erase_at }, done }) {
  const when = <time dateTime={erase_at}>{instant(erase_at)}</time>;
  return (
    <div className="card narrow">
      {status === "erased" ? (
        <>
          <Heading>Your account is deleted</Heading>
          <div className="stack">
            <p>It took effect on {when}. You are signed out on every device, and what we held on you is gone for good.</p>
            <p className="hint">Thank you for having been with us.</p>
          </div>
        </>
      ) : (
        <>
          <Heading>Your account will be deleted</Heading>
          <div className="stack">
            <p>It takes effect on {when}. You are signed out on every device, and nobody can sign in with this account any more.</p>
            <p className="hint">Changed your mind? Ask us before then, and we take it back. After that nobody can.</p>
          </div>
        </>
      )}
      <p className="links">
        <button type="button" className="link" onClick={done}>Go to sign-in</button>
      </p>
    </div>
  );
}
