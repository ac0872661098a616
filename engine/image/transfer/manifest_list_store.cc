// Manifest lists in the store: found, made, changed. A change reads the list, prepares what it will name, takes the
// locks of all that, and starts anew where another process has changed the list meanwhile.
#include <algorithm>
#include <set>

#include "base/file.h"
#include "base/text.h"
#include "engine/image/transfer/manifest_list_edit.h"
#include "engine/image/transfer/naming.h"

namespace creel::engine::transfer {

namespace oci = registry::oci;
using storage::ImageRecord;
using storage::Store;

namespace {

constexpr int kMostTries = 100;

Result<std::string> bytes_of(Store& store, const Fresh& fresh, const Digest& digest) {
  for (const Text& text : fresh.texts) {
    if (text.digest == digest) return text.bytes;
  }
  TRY_SET(const Fd blob, store.open_blob(digest));
  return read_all(blob.get(), oci::kMaxManifestBytes);
}

// The manifests of the list's images and what they name, as far as it may be here.
std::set<Digest> reachable(Store& store, const Fresh& fresh, const ManifestList& list) {
  std::set<Digest> out;
  for (const ListEntry& entry : list.entries) {
    out.insert(entry.descriptor.digest);
    const auto text = bytes_of(store, fresh, entry.descriptor.digest);
    if (!text.ok()) continue;
    for (const oci::Descriptor& part : named_by(*text)) out.insert(part.digest);
  }
  return out;
}

// Publishes what is new, and records the list with all of `wanted` that is here.
Result<void> record(Store& store, ImageRecord list, const Fresh& fresh, const Text& index,
                    const std::set<Digest>& wanted) {
  TRY_SET(const storage::Staging staging, store.new_staging());
  std::vector<const Text*> texts = {&index};
  for (const Text& text : fresh.texts) texts.push_back(&text);
  for (const Text* text : texts) {
    if (store.has_blob(text->digest)) continue;
    const std::string name = "text-" + text->digest.hex();
    TRY(write_atomic_at(staging.dir(), name, text->bytes, 0644));
    TRY(store.publish_blob(staging, name, text->digest));
  }
  for (const Fresh::File& file : fresh.files) TRY(store.publish_blob(*fresh.staging, file.name, file.digest));
  list.manifest = index.digest;
  list.size = std::ssize(index.bytes);
  list.blobs = {index.digest};
  for (const Digest& digest : wanted) {
    if (store.has_blob(digest)) list.blobs.push_back(digest);
  }
  return store.put_image(list);
}

std::vector<Digest> locks_of(const ImageRecord& list, const Fresh& fresh, const Text& index,
                             const std::set<Digest>& wanted) {
  std::set<Digest> out = wanted;
  out.insert(index.digest);
  for (const Text& text : fresh.texts) out.insert(text.digest);
  for (const Fresh::File& file : fresh.files) out.insert(file.digest);
  // Its own, so that two changes of one list queue.
  if (auto own = Digest::from_hex(list.id); own.ok()) out.insert(*own);
  return {out.begin(), out.end()};
}

}  // namespace

Result<ImageRecord> find_list(Engine& engine, const std::string& name) {
  TRY_SET(ImageRecord found, find_image(engine, name));
  if (!is_list(found)) return fail(Code::kInvalid, name + ": image is not a manifest list");
  return found;
}

Result<ManifestList> read_list(Engine& engine, const ImageRecord& list) {
  TRY_SET(Store * store, engine.store());
  TRY_SET(const std::string text, bytes_of(*store, {}, list.manifest));
  return parse_manifest_list(text);
}

Result<std::string> create_list(Engine& engine, const std::string& name, bool amend) {
  TRY_SET(const Reference reference, parse_local_reference(name));
  if (!reference.digest.empty()) return fail(Code::kInvalid, "a manifest list is named by a tag, not by a digest");
  TRY_SET(Store * store, engine.store(Store::Access::kWrite));
  TRY_SET(const auto taken, store->image_by_name(reference.text()));
  if (taken) {
    if (amend && is_list(*taken)) return taken->id;
    return fail(Code::kExists, "creating manifest list: image name \"" + reference.text() +
                                   "\" is already associated with image \"" + taken->id +
                                   "\": that name is already in use");
  }
  ImageRecord list;
  list.id = random_hex(32);
  list.created_ns = now_ns();
  list.names = {reference.text()};
  const Text index = text_blob(ManifestList().text());
  TRY_SET(const auto locks, store->lock_transfers(locks_of(list, {}, index, {})));
  TRY(record(*store, list, {}, index, {}));
  return list.id;
}

Result<std::string> edit_list(Engine& engine, const std::string& name, const ListEdit& edit, const Fresh& fresh) {
  TRY_SET(Store * store, engine.store(Store::Access::kWrite));
  for (int tries = 0; tries < kMostTries; ++tries) {
    TRY_SET(ImageRecord list, find_list(engine, name));
    TRY_SET(ManifestList document, read_list(engine, list));
    TRY(edit(document));
    const Text index = text_blob(document.text());
    const std::set<Digest> wanted = reachable(*store, fresh, document);
    TRY_SET(const auto locks, store->lock_transfers(locks_of(list, fresh, index, wanted)));
    TRY_SET(const auto now, store->image_by_id(list.id));
    if (!now) return fail(Code::kNotFound, name + ": the manifest list was removed meanwhile");
    if (now->manifest != list.manifest) continue;
    // Names and sources are added to what the record has.
    list.names.clear();
    list.digests = fresh.sources;
    TRY(record(*store, list, fresh, index, wanted));
    return list.id;
  }
  return fail(Code::kInUse, "changing manifest list " + name + ": others change it all the time");
}

}  // namespace creel::engine::transfer
