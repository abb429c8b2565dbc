/** Style sheets: what all pages have, of the library those of the components in use here, then ours. */
import "lineshaft-web-shared/styles.ts";
import "@mantine/core/styles/InlineInput.css";
import "@mantine/core/styles/Pill.css";
import "@mantine/core/styles/PillsInput.css";
import "@mantine/core/styles/Checkbox.css";
import "@mantine/core/styles/FloatingIndicator.css";
import "@mantine/core/styles/SegmentedControl.css";
import "@mantine/core/styles/Table.css";
import "@mantine/core/styles/ColorSwatch.css";
import "./page.css";
