import { useAuth } from "../contexts/AuthContext.jsx";
import { useSignOut } from "./useSignOut.js";

/** @param {{ pages: { href: string, title: string }[], current: string }} props `current`: the href of the page one is on */
export function Masthead({ pages, current }) {
  const { user } = useAuth();
  const signOut = useSignOut();
  return (
    <header className="masthead">
      <p className="wordmark"><span className="mark" aria-hidden="true" />Inphora</p>
      {pages.length > 0 && (
        <>
          <nav aria-label="Pages">
            {pages.map(({ href, title }) => <a key={href} href={href} aria-current={href === current ? "page" : undefined}>{title}</a>)}
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
