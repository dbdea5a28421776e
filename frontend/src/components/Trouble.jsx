import { useAuth } from "../contexts/AuthContext.jsx";
import { describe } from "../text/messages.js";

/** The session is kept while the service cannot be reached; a person should know why things stand still. */
export function Trouble() {
  const { status, error, client } = useAuth();
  return (
    <div className="trouble" role="status">
      {status === "degraded" && error && (
        <>
          <p>{describe(error)} You stay signed in.</p>
          <button type="button" className="link" onClick={() => client.refresh().catch(() => {})}>Try now</button>
        </>
      )}
    </div>
  );
}
