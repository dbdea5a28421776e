import { NoRole } from "../components/NoRole.jsx";
import { useAddress } from "../components/useAddress.js";
import { useAuth } from "../contexts/AuthContext.jsx";
import { People } from "./People.jsx";
import { Person } from "./Person.jsx";
import { SessionTimeline } from "./SessionTimeline.jsx";
import { readPlace } from "./address.js";
import { hasAdmin } from "./place.js";
import "../components/lists.css";
import "./admin.css";

/** Everything below /admin. */
export function Admin() {
  const { user } = useAuth();
  const { path, search, go } = useAddress();
  const place = readPlace(path);
  if (!hasAdmin(user)) return <NoRole title="This page is for administrators" role="admin" what="administration" />;
  if (place.page === "person") return <Person key={place.id} id={place.id} go={go} />;
  if (place.page === "session") return <SessionTimeline key={place.id} id={place.id} go={go} />;
  return <People search={search} go={go} />;
}
