import "@fontsource-variable/inter/wght.css";
import "@fontsource-variable/jetbrains-mono/wght.css";
import "./styles/mantine.css";
import "uplot/dist/uPlot.min.css";
import "./styles/tokens.css";
import "./styles/page.css";
import "./styles/shell.css";
import "./styles/cards.css";

import { localStorageColorSchemeManager, MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { setNonce } from "get-nonce";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { App } from "./App";
import { dashboard } from "./dashboard";
import { startDisplay } from "./model/display";
import { startSeconds } from "./model/second";
import { startPresence } from "./shell/presence";
import { resolver, theme } from "./theme";

const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? "";
setNonce(nonce);

const scheme = localStorageColorSchemeManager({ key: "alphapulse-scheme" });

/** The one-time code of the address, taken out of it so that it stays in no history. */
function takeCode(): string | null {
  const code = new URLSearchParams(window.location.hash.slice(1)).get("code");
  if (code !== null) window.history.replaceState(null, "", window.location.pathname + window.location.search);
  return code;
}

startDisplay();
startSeconds();
startPresence();
void dashboard.begin(takeCode());

const root = document.getElementById("root");
if (root === null) throw new Error("the page has no element with the id root");
createRoot(root).render(
  <StrictMode>
    <MantineProvider
      theme={theme}
      cssVariablesResolver={resolver}
      colorSchemeManager={scheme}
      defaultColorScheme="auto"
      getStyleNonce={() => nonce}
    >
      <Notifications position="bottom-right" limit={3} autoClose={6000} zIndex={150} />
      <App />
    </MantineProvider>
  </StrictMode>,
);
