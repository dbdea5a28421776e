import { Heading } from "../components/Heading.jsx";
import { useAuth } from "../contexts/AuthContext.jsx";

/** For people who may not see the numbers: why, and who can help. */
export function NoRole() {
  const { user } = useAuth();
  return (
    <div className="card narrow">
      <Heading>These numbers are for analysts</Heading>
      <div className="stack">
        <p>{user?.email} does not have the role <code>analyst</code>, which session analytics needs.</p>
        <p className="hint">If you need it for your work, ask an administrator of this service to give it to you.</p>
        <p><a href="/">Back to your account</a></p>
      </div>
    </div>
  );
}
