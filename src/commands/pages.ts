// Lists of the registry come in pages; here they are whole.

/** The most that every list gives at once. */
export const PAGE_SIZE = 1000;

/** Asks for one page after the other. */
export async function* allPages<Page extends { readonly nextPageToken: string }, Item>(
  ask: (pageToken: string) => Promise<Page>,
  itemsOf: (page: Page) => readonly Item[],
): AsyncGenerator<Item, void, undefined> {
  let pageToken = "";
  do {
    const page = await ask(pageToken);
    yield* itemsOf(page);
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
}
