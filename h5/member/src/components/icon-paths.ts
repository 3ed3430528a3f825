/** The few line icons of these pages, drawn here so that no icon font is needed. */
export const ICON_PATHS = {
  back: 'M15 5l-7 7 7 7',
  next: 'M9 5l7 7-7 7',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  plus: 'M12 5v14M5 12h14',
  cross: 'M6.5 6.5l11 11M17.5 6.5l-11 11',
  camp: 'M3 19.5L12 5l9 14.5zM9.5 19.5L12 15l2.5 4.5',
  person: 'M12 12a4 4 0 100-8 4 4 0 000 8zM4.5 20.5c.8-3.7 3.8-5.5 7.5-5.5s6.7 1.8 7.5 5.5',
  calendar: 'M4 6.5h16v13H4zM4 10.5h16M8.5 4v4M15.5 4v4',
  clock: 'M12 21a9 9 0 100-18 9 9 0 000 18zM12 7.5V12l3 2',
  warn: 'M12 8v5M12 16.2v.1M12 21a9 9 0 100-18 9 9 0 000 18z',
  help: 'M9.6 9.6a2.5 2.5 0 114 2c-1 .7-1.6 1.2-1.6 2.2M12 16.7v.1M12 21a9 9 0 100-18 9 9 0 000 18z',
  cloud: 'M7 18.5a4.2 4.2 0 01-.5-8.400 5.8 5.8 0 0111.2 1A3.8 3.8 0 0117.5 18.5z',
} as const;

export type IconName = keyof typeof ICON_PATHS;
