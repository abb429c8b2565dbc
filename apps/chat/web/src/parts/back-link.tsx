/** On a phone the rooms are a page of their own: the way there. */
import { ActionIcon } from "@mantine/core";
import { Icon } from "lineshaft-web-shared/parts/icons.tsx";
import { addressOf } from "../route.ts";

export function BackLink() {
  return (
    <ActionIcon
      component="a"
      href={addressOf({ at: "home" })}
      className="back"
      variant="subtle"
      color="gray"
      size="lg"
      aria-label="All rooms"
    >
      <Icon name="left" />
    </ActionIcon>
  );
}
