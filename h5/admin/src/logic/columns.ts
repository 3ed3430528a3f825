/** A column of the table; what stands in it is the page's slot of the same name. */
export interface Column {
  key: string;
  title: string;
  align?: 'right';
  width?: string;
}
