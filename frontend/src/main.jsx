import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { App } from "./App.jsx";
import { AuthProvider } from "./contexts/AuthContext.jsx";

createRoot(/** @type {HTMLElement} */ (document.getElementById("app"))).render(
  <StrictMode>
    <AuthProvider>
      <App />
    </AuthProvider>
  </StrictMode>,
);
