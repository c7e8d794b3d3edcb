/** Does something with the pages of a workspace's database, as nobody should, and gives what it asked for. */
export async function edit<T>(name: string, act: (pages: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const opening = indexedDB.open(name)
  await new Promise((resolve, reject) => Object.assign(opening, { onsuccess: resolve, onerror: reject }))
  const transaction = opening.result.transaction('pages', 'readwrite')
  const asked = act(transaction.objectStore('pages'))
  await new Promise((resolve, reject) => Object.assign(transaction, { oncomplete: resolve, onabort: reject }))
  opening.result.close()
  return asked.result
}
