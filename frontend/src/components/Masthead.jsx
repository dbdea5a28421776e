import { useAuth } from "../contexts/AuthContext.jsx";
import { useSignOut } from "./useSignOut.js";

/** @param {{ pages: { path: string, title: string }[], current: string }} props */
export function Masthead({ pages, current }) {
  const { user } = useAuth();
  const signOut = useSignOut();
  return (
    <header className="masthead">
      <p className="wordmark"><span className="mark" aria-hidden="true" />Inphora</p>
      {pages.length > 0 && (
        <>
          <nav aria-label="Pages">
            {pages.map(({ path, title }) => <a key={path} href={`#${path}`} aria-current={path === current ? "page" : undefined}>{title}</a>)}
          </nav>
          <div className="me">
            <span className="signed-in-as" id="signed-in-as">{user?.email}</span>
            <button type="button" className="quiet" onClick={() => signOut("local")}>Sign out</button>
          </div>
        </>
      )}
    </header>
  );
}
