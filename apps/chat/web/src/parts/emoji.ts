/** Emoji to react with, by their names. */
export const EMOJI = [
  ["👍", "thumbs up"],
  ["❤️", "heart"],
  ["😂", "laughing"],
  ["🎉", "party"],
  ["👀", "eyes"],
  ["🙏", "thank you"],
  ["✅", "done"],
  ["👏", "applause"],
  ["🔥", "fire"],
  ["💡", "idea"],
  ["🚀", "rocket"],
  ["☕", "coffee"],
  ["😀", "smile"],
  ["😍", "in love"],
  ["🤔", "thinking"],
  ["😮", "surprised"],
  ["😢", "sad"],
  ["😅", "relieved"],
  ["🙌", "hooray"],
  ["💪", "strong"],
  ["👎", "thumbs down"],
  ["❌", "no"],
  ["❓", "question"],
  ["💯", "hundred"],
] as const;

export function nameOfEmoji(emoji: string): string {
  return EMOJI.find(([each]) => each === emoji)?.[1] ?? emoji;
}
