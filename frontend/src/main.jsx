import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { takeLinkToken } from "./account/link-token.js";
import { App } from "./App.jsx";
import { AuthProvider } from "./contexts/AuthContext.jsx";

takeLinkToken();
// These pages stand after the `#`; mails and people write them plainly.
if (/^\/(security|sessions)$/.test(location.pathname)) history.replaceState(null, "", `/#${location.pathname}`);

createRoot(/** @type {HTMLElement} */ (document.getElementById("app"))).render(
  <StrictMode>
    <AuthProvider>
      <App />
    </AuthProvider>
  </StrictMode>,
);
