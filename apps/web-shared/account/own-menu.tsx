/** The own account: its menu, and the colours of the page. */
import { ActionIcon, Menu, Text, UnstyledButton, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { Icon } from "../parts/icons.tsx";
import { Face } from "../parts/people.tsx";
import { useMe, useSession } from "./session.tsx";

export function SchemeToggle() {
  const { setColorScheme } = useMantineColorScheme();
  const isDark = useComputedColorScheme("light") === "dark";
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size="lg"
      aria-label={isDark ? "Use light colours" : "Use dark colours"}
      onClick={() => setColorScheme(isDark ? "light" : "dark")}
    >
      <Icon name={isDark ? "sun" : "moon"} />
    </ActionIcon>
  );
}

export function OwnMenu() {
  const { leave } = useSession();
  const account = useMe();
  const name = account.name || account.email;
  return (
    <Menu position="bottom-end" width={240}>
      <Menu.Target>
        <UnstyledButton className="own" aria-label={`Account of ${name}`}>
          <Face person={{ id: account.id, name }} size={32} />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <div className="menu-head">
          <Text fw={600} size="sm" truncate>
            {name}
          </Text>
          <Text c="dimmed" size="xs" truncate>
            {account.email}
          </Text>
        </div>
        <Menu.Divider />
        <Menu.Item leftSection={<Icon name="out" />} onClick={() => void leave()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
