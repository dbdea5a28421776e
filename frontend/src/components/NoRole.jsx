import { useAuth } from "../contexts/AuthContext.jsx";
import { Heading } from "./Heading.jsx";

/** For people who may not see a page: why, and who can help. @param {{ title: string, role: string, what: string }} props */
export function NoRole({ title, role, what }) {
  const { user } = useAuth();
  return (
    <div className="card narrow">
      <Heading>{title}</Heading>
      <div className="stack">
        <p>{user?.email} does not have the role <code>{role}</code>, which {what} needs.</p>
        <p className="hint">If you need it for your work, ask an administrator of this service to give it to you.</p>
        <p><a href="/">Back to your account</a></p>
      </div>
    </div>
  );
}
