/** How the page looks: the library's theme, with the few colours changed that would not be read well enough. */
import { type CSSVariablesResolver, createTheme } from "@mantine/core";

/** Greys of the dark scheme, a little blue, as the page's own surfaces are. */
const DARK = [
  "#cdd1d8",
  "#b4b9c2",
  "#9aa2ae",
  "#6b7280",
  "#434955",
  "#363a42",
  "#22252a",
  "#1b1d22",
  "#16181c",
  "#101215",
] as const;

export const theme = createTheme({
  colors: { dark: DARK },
  primaryColor: "indigo",
  primaryShade: { light: 7, dark: 7 },
  defaultRadius: "md",
  cursorType: "pointer",
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif',
  headings: { fontWeight: "650" },
});

/** Texts in these colours have a contrast of at least 4.5 : 1 on every ground that they stand on. */
export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-dimmed": "#545c66",
    "--mantine-color-placeholder": "#68707a",
    "--mantine-color-error": "#c01f1f",
    "--mantine-color-default-border": "#b9c0cb",
    "--mantine-color-body": "#ffffff",
    "--ground": "#f4f5f8",
    "--column": "#e9ebf1",
    "--surface": "#ffffff",
    "--line": "#d9dde5",
    "--waiting": "#fff0d6",
  },
  dark: {
    "--mantine-color-dimmed": "#a9b0bb",
    "--mantine-color-placeholder": "#9aa2ae",
    "--mantine-color-error": "#ff9494",
    "--mantine-color-default-border": "#4b515c",
    "--mantine-color-default": "#22252a",
    "--mantine-color-default-hover": "#2b2e35",
    "--mantine-color-text": "#e4e7ec",
    "--mantine-color-body": "#1b1d22",
    "--ground": "#131519",
    "--column": "#1b1d22",
    "--surface": "#26292f",
    "--line": "#363a42",
    "--waiting": "#4a3413",
  },
});
