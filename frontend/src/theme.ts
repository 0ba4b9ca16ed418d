/** Mantine on the page's own tokens. */
import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from "@mantine/core";

const fill = "var(--fill)";
const flat = Array.from({ length: 10 }, () => fill) as unknown as MantineColorsTuple;

export const theme = createTheme({
  fontFamily: "var(--font)",
  fontFamilyMonospace: "var(--mono)",
  headings: { fontFamily: "var(--font)" },
  defaultRadius: "var(--radius-control)",
  respectReducedMotion: true,
  colors: { fill: flat },
  primaryColor: "fill",
  focusRing: "auto",
});

const variables = {
  "--mantine-color-body": "var(--bg)",
  "--mantine-color-text": "var(--text)",
  "--mantine-color-dimmed": "var(--text3)",
  "--mantine-color-error": "var(--neg)",
  "--mantine-color-anchor": "var(--accent)",
  "--mantine-color-default": "var(--surface)",
  "--mantine-color-default-hover": "var(--raised)",
  "--mantine-color-default-color": "var(--text)",
  "--mantine-color-default-border": "var(--control)",
  "--mantine-color-placeholder": "var(--text3)",
  "--mantine-primary-color-filled": fill,
  "--mantine-primary-color-filled-hover": fill,
  "--mantine-primary-color-contrast": "var(--on-fill)",
};

export const resolver: CSSVariablesResolver = () => ({ variables: {}, light: variables, dark: variables });
