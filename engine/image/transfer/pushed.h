// What was sent where since the machine started: another repository of that registry can have these blobs without their
// bytes. Hints, never synced: one that is lost costs an upload, one that is wrong a question that the registry denies.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/digest.h"

namespace creel::engine::transfer {

struct Pushed {
  std::string repository;  // "registry.example.com/team/app"
  std::vector<Digest> blobs;
};

// `file`: of storage::Paths. What cannot be written is not remembered. Processes and threads at once: a line each.
void remember_pushed(const std::string& file, const Pushed& what);
// Last first. What is not readable, or malformed, is left out.
std::vector<Pushed> remembered_pushes(const std::string& file);

}  // namespace creel::engine::transfer
