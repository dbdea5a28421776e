import { Card, Facts } from "../components/Card.jsx";
import { Failed } from "../components/Failed.jsx";
import { Heading } from "../components/Heading.jsx";
import { LoanCalculator } from "../components/LoanCalculator.jsx";
import { useResource } from "../components/useResource.js";
import { useAuth } from "../contexts/AuthContext.jsx";
import { instant } from "../text/format.js";
import { describeMethods } from "../text/messages.js";

/** A protected page: what is in it, the service answers only to the person signed in. */
export function Overview() {
  const { user } = useAuth();
  const { data, error, reload } = useResource("/api/auth/me");
  const session = data?.session;
  return (
    <>
      <Heading>{user?.name ? `Hello, ${user.name}` : "Hello"}</Heading>
      {user && !user.mfa_enabled && (
        <p className="notice">Your account is protected by a password alone. <a href="#/security">Turn on two-factor sign-in</a></p>
      )}
      <div className="columns">
        <Card id="plan" title="Plan a loan">
          <LoanCalculator />
        </Card>
        <Card id="profile" title="Your account">
          <Facts
            of={[
              ["Name", user?.name],
              ["E-mail", user?.email],
              ["Roles", user?.roles.join(", ")],
              ["Customer since", user && instant(user.created_at)],
              ["Signed in", session && instant(session.created_at)],
              ["Signed in with", session && describeMethods(session.amr)],
              ["Session ends", session && instant(session.expires_at)],
            ]}
          />
          {error && <Failed error={error} reload={reload} />}
        </Card>
      </div>
    </>
  );
}
