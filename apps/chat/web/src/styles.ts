/** Style sheets: what all pages have, then ours. */
import "lineshaft-web-shared/styles.ts";
import "@mantine/core/styles/Indicator.css";
import "@mantine/core/styles/SegmentedControl.css";
import "@mantine/core/styles/FloatingIndicator.css";
import "@mantine/core/styles/Switch.css";
import "./page.css";
