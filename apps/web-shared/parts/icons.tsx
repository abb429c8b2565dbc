/** Icons: strokes on a grid of 24, drawn with the colour of the text. All of them only accompany words or labels. */
const PATHS = {
  plus: "M12 5v14M5 12h14",
  check: "m5 12.5 4.5 4.5L19 7.5",
  close: "M6 6l12 12M18 6 6 18",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM20 20l-4-4",
  filter: "M4 6h16M7 12h10M10 18h4",
  board: "M5 4h4v16H5zM15 4h4v10h-4z",
  list: "M8 6h12M8 12h12M8 18h12M4 6h.01M4 12h.01M4 18h.01",
  grip: "M9 6h.01M15 6h.01M9 12h.01M15 12h.01M9 18h.01M15 18h.01",
  calendar: "M5 6h14v14H5zM5 10h14M9 3v4M15 3v4",
  clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 7v5l3 2",
  comment: "M5 5h14v11H11l-4 4v-4H5z",
  user: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM5 20c.6-3.5 3.4-5.5 7-5.5s6.4 2 7 5.5",
  users: [
    "M9 12a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM3 19c.5-3 2.9-4.5 6-4.5s5.5 1.5 6 4.5",
    "M16 5.3a3.5 3.5 0 0 1 0 6.4M18 15c1.7.7 2.7 2 3 4",
  ].join(""),
  tag: "M4 4h8l8 8-8 8-8-8zM8 8h.01",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  down: "m7 10 5 5 5-5",
  left: "m14 7-5 5 5 5",
  sun: [
    "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM12 3v2M12 19v2",
    "M3 12h2M19 12h2M5.6 5.6 7 7M17 17l1.4 1.4M5.6 18.4 7 17M17 7l1.4-1.4",
  ].join(""),
  moon: "M20 14.5A8 8 0 1 1 9.5 4a6.5 6.5 0 0 0 10.5 10.5Z",
  out: "M14 4h5v16h-5M4 12h11M11 8l4 4-4 4",
  flag: "M6 21V4h12l-2.5 4L18 12H6",
  folder: "M4 6h6l2 2h8v11H4z",
  mail: "M4 6h16v12H4zM4 7l8 6 8-6",
  hash: "M9 4 7 20M17 4l-2 16M4 9h16M4 15h16",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  send: "M4 5l17 7-17 7 3-7-3-7ZM7 12h8",
  smile: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM8.5 14.5a4.2 4.2 0 0 0 7 0M9 9.5h.01M15 9.5h.01",
  reply: "m9 6-5 5 5 5M4 11h9a7 7 0 0 1 7 7",
  pen: "m4 20 1-4L16 5l3 3L8 19l-4 1Z",
  clip: "m19 11-7.5 7.5a4.5 4.5 0 0 1-6.4-6.4l8-8a3 3 0 0 1 4.3 4.3l-8 7.9a1.5 1.5 0 0 1-2.1-2.1L14 7.5",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  gear: "M4 7h9M17 7h3M4 17h3M11 17h9M15 9.5v-5M9 19.5v-5",
  file: "M6 3h8l5 5v13H6zM14 3v5h5",
  pause: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM10 9v6M14 9v6",
  again: "M20 12a8 8 0 1 1-2.5-5.8M20 4v4h-4",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 18 }: { readonly name: IconName; readonly size?: number }) {
  const isDots = name === "grip" || name === "list" || name === "more";
  return (
    <svg className="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} strokeWidth={name === "more" ? 2.8 : isDots ? 2.2 : 1.8} />
    </svg>
  );
}
