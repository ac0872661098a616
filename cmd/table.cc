// The product on one page: every command, sorted by path. Aliases are rows of their own with the same factory.
#include <algorithm>
#include <cstring>

#include "cmd/command.h"
#include "cmd/container/again.h"
#include "cmd/container/attach.h"
#include "cmd/container/cleanup.h"
#include "cmd/container/clone.h"
#include "cmd/container/create.h"
#include "cmd/container/diff.h"
#include "cmd/container/exec.h"
#include "cmd/container/exists.h"
#include "cmd/container/healthcheck.h"
#include "cmd/container/init.h"
#include "cmd/container/inspect.h"
#include "cmd/container/kill.h"
#include "cmd/container/logs.h"
#include "cmd/container/mount.h"
#include "cmd/container/pause.h"
#include "cmd/container/port.h"
#include "cmd/container/prune.h"
#include "cmd/container/ps.h"
#include "cmd/container/rename.h"
#include "cmd/container/restart.h"
#include "cmd/container/rm.h"
#include "cmd/container/run.h"
#include "cmd/container/start.h"
#include "cmd/container/stats.h"
#include "cmd/container/stop.h"
#include "cmd/container/top.h"
#include "cmd/container/update.h"
#include "cmd/container/wait.h"
#include "cmd/generate/systemd.h"
#include "cmd/image/exists.h"
#include "cmd/image/history.h"
#include "cmd/image/images.h"
#include "cmd/image/inspect.h"
#include "cmd/image/manifest.h"
#include "cmd/image/mount.h"
#include "cmd/image/prune.h"
#include "cmd/image/rmi.h"
#include "cmd/image/scp.h"
#include "cmd/image/tag.h"
#include "cmd/image/tree.h"
#include "cmd/image/untag.h"
#include "cmd/image_plane.h"
#include "cmd/secret/create.h"
#include "cmd/secret/exists.h"
#include "cmd/secret/inspect.h"
#include "cmd/secret/ls.h"
#include "cmd/secret/rm.h"
#include "cmd/system/commands.h"
#include "cmd/system/complete.h"
#include "cmd/system/completion.h"
#include "cmd/system/df.h"
#include "cmd/system/doctor.h"
#include "cmd/system/events.h"
#include "cmd/system/info.h"
#include "cmd/system/inspect.h"
#include "cmd/system/man.h"
#include "cmd/system/options.h"
#include "cmd/system/prune.h"
#include "cmd/system/reset.h"
#include "cmd/system/unshare.h"
#include "cmd/system/version.h"
#include "cmd/volume/create.h"
#include "cmd/volume/exists.h"
#include "cmd/volume/inspect.h"
#include "cmd/volume/ls.h"
#include "cmd/volume/mount.h"
#include "cmd/volume/prune.h"
#include "cmd/volume/reload.h"
#include "cmd/volume/rm.h"

namespace creel::cmd {
namespace {

constexpr auto kLocal = Plane::kLocal;
constexpr auto kImages = Plane::kImages;
constexpr bool kHidden = true;
constexpr bool kShown = false;
constexpr int kAny = -1;

constexpr const char* kRunDetails =
    "Makes a container from an image and starts it. An image that is not here is pulled first. Everything after\n"
    "the image is the container's command. The exit code is the command's; 125 is an error of the engine, 126 a\n"
    "command that cannot be invoked, 127 one that does not exist.";
constexpr const char* kRunExamples =
    "creel run --rm -it docker.io/library/debian:12 bash\n"
    "creel run -d --name web -p 8080:80 docker.io/library/nginx\n"
    "creel run --rm -v ./src:/src -w /src docker.io/library/gcc make";
constexpr const char* kPsExamples =
    "creel ps -a\n"
    "creel ps --filter status=exited --format '{{.Names}}: {{.Status}}'\n"
    "creel ps -aq";
constexpr const char* kExecExamples =
    "creel exec -it web sh\n"
    "creel exec -e DEBUG=1 -w /srv web ./task";
constexpr const char* kStatsExamples =
    "creel stats\n"
    "creel stats --no-stream --format '{{.Name}}: {{.MemUsage}}' web";
constexpr const char* kTopDetails =
    "What is shown of them is chosen by names, as arguments of their own or with commas between: user, pid, ppid,\n"
    "pcpu, etime, tty, time and args by default; --list-descriptors lists them all. Those that begin with h are the\n"
    "host's. With anything else ps is run in the container, with these arguments.";
constexpr const char* kImagesExamples =
    "creel images\n"
    "creel images --format '{{.Repository}}:{{.Tag}} {{.Size}}'\n"
    "creel images --filter dangling=true -q";
constexpr const char* kPushExamples =
    "creel push registry.example.com/team/app:1\n"
    "creel push localhost/app registry.example.com/team/app:1\n"
    "creel push --compression-format zstd localhost/app oci:layout:app";
constexpr const char* kInspectExamples =
    "creel inspect web\n"
    "creel inspect -f '{{.State.Status}}' web\n"
    "creel inspect --type image docker.io/library/debian:12";

// clang-format off
std::vector<Command> rows() {
  const auto plane = image_plane_factory;
  // What needs the image plane only sometimes: its handler there can do more.
  const auto at_times = [](std::string_view path, std::unique_ptr<Handler> (*otherwise)()) {
    const auto there = image_plane_factory(path);
    return there != nullptr ? there : otherwise;
  };
  const Command attach{"attach", "[options] CONTAINER", "Attach to a running container",
                       kLocal, kShown, make<AttachCommand>, 0, 1};
  const Command cp{"cp", "[options] [CONTAINER:]SRC_PATH [CONTAINER:]DEST_PATH",
                   "Copy files between containers and the host", kImages, kShown, plane("cp"), 2, 2,
                   "Copies a file, or a directory with all that is in it; DIR/. is what is in it alone. The container may run\n"
                   "or not. \"-\" is a tar archive on standard input or output.",
                   "creel cp web:/etc/nginx/nginx.conf .\n"
                   "creel cp ./site/. web:/usr/share/nginx/html\n"
                   "creel cp web:/var/log - | tar -t"};
  const Command create{"create", "[options] IMAGE [COMMAND [ARG...]]", "Create but do not start a container",
                       kLocal, kShown, make<CreateCommand>, 1, kAny,
                       "Makes a container from an image, as run does, and prints its ID. Start it with creel start."};
  const Command diff{"diff", "[options] {CONTAINER|IMAGE} [{CONTAINER|IMAGE}]",
                     "Show what a container or image has added, changed and deleted",
                     kLocal, kShown, make<DiffCommand>, 0, 2,
                     "Compares a container with its image, and an image with what is below its last layer; or with the\n"
                     "second container or image. A: added, C: changed, D: deleted.",
                     "creel diff web\ncreel diff --format json debian:12 debian:11"};
  const Command exec{"exec", "[options] CONTAINER COMMAND [ARG...]", "Run a command in a running container",
                     kLocal, kShown, make<ExecCommand>, 1, kAny,
                     "Runs a further process inside a running container. The exit code is that process's.",
                     kExecExamples};
  const Command kill{"kill", "[options] CONTAINER [CONTAINER...]", "Send a signal to one or more running containers",
                     kLocal, kShown, make<KillCommand>, 0, kAny};
  const Command init{"init", "[options] CONTAINER [CONTAINER...]", "Make everything ready for containers to start",
                     kLocal, kShown, make<InitCommand>, 0, kAny,
                     "Does all of a start but the last step: namespaces, mounts and network are there, to be looked at or changed, and the\n"
                     "container's command is begun by creel start.",
                     "creel create --name web nginx\ncreel init web\ncreel start web"};
  const Command logs{"logs", "[options] CONTAINER [CONTAINER...]", "Fetch the logs of one or more containers",
                     kLocal, kShown, make<LogsCommand>, 0, kAny};
  const Command mount{"mount", "[options] [CONTAINER...]", "Show the files of containers as directories",
                      kLocal, kShown, make<MountCommand>, 0, kAny,
                      "Mounts the containers' root file systems and prints where. An ordinary user does that in creel unshare,\n"
                      "and what was mounted goes with it. Without a container: lists what is mounted.",
                      "creel unshare sh -c 'ls $(creel mount web)'"};
  const Command unmount{"unmount", "[options] CONTAINER [CONTAINER...]", "Undo creel mount",
                        kLocal, kShown, make<UnmountCommand>, 0, kAny};
  const Command image_unmount{"image unmount", "[options] IMAGE [IMAGE...]", "Undo creel image mount",
                              kLocal, kShown, make<ImageUnmountCommand>, 0, kAny};
  const Command pause{"pause", "[options] CONTAINER [CONTAINER...]", "Make the processes of containers stand still",
                      kLocal, kShown, make<PauseCommand>, 0, kAny,
                      "All processes of the containers are frozen until creel unpause. This needs cgroup v2."};
  const Command port{"port", "[options] CONTAINER [PORT]", "List the published ports of a container",
                     kLocal, kShown, make<PortCommand>, 0, 2};
  const Command ps{"ps", "[options]", "List containers", kLocal, kShown, make<PsCommand>, 0, 0,
                   "Lists the running containers, or all of them with --all.", kPsExamples};
  const Command rename{"rename", "CONTAINER NAME", "Give a container another name",
                       kLocal, kShown, make<RenameCommand>, 2, 2};
  const Command restart{"restart", "[options] CONTAINER [CONTAINER...]", "Stop containers and start them again",
                        kLocal, kShown, make<RestartCommand>, 0, kAny,
                        "Stops containers as stop does and starts them. One that does not run is started."};
  const Command rm{"rm", "[options] CONTAINER [CONTAINER...]", "Remove one or more containers",
                   kLocal, kShown, make<RmCommand>, 0, kAny,
                   "Removes containers that do not run; with --force, running ones are stopped first.\n"
                   "Exit code 1: no such container; 2: it is running."};
  const Command run{"run", "[options] IMAGE [COMMAND [ARG...]]", "Run a command in a new container",
                    kLocal, kShown, make<RunCommand>, 1, kAny, kRunDetails, kRunExamples};
  const Command start{"start", "[options] CONTAINER [CONTAINER...]", "Start one or more containers",
                      kLocal, kShown, make<StartCommand>, 0, kAny};
  const Command stats{"stats", "[options] [CONTAINER...]", "Show what containers use: CPU, memory, network, disk",
                      kLocal, kShown, make<StatsCommand>, 0, kAny,
                      "Reports again and again, every five seconds, or once with --no-stream. This needs cgroup v2.",
                      kStatsExamples};
  const Command stop{"stop", "[options] CONTAINER [CONTAINER...]", "Stop one or more containers",
                     kLocal, kShown, make<StopCommand>, 0, kAny,
                     "Sends the container's stop signal, and SIGKILL when it has not ended after the timeout."};
  const Command top{"top", "[options] CONTAINER [FORMAT-DESCRIPTORS|ARGS...]", "Show the processes of a running container",
                    kLocal, kShown, make<TopCommand>, 0, kAny, kTopDetails,
                    "creel top web\ncreel top web pid,hpid,user,args\ncreel top web -o pid,comm"};
  const Command unpause{"unpause", "[options] CONTAINER [CONTAINER...]", "Let paused containers go on",
                        kLocal, kShown, make<UnpauseCommand>, 0, kAny};
  const Command update{"update", "[options] CONTAINER [CONTAINER...]", "Change limits, health checks and restart policies of containers",
                       kLocal, kShown, make<UpdateCommand>, 0, kAny,
                       "Changes limits, health checks and restart policies of containers, at once where they run, and for their later starts.\n"
                       "Environment and ulimits are those of processes that are started afterwards.",
                       "creel update --memory 512m --cpus 1.5 web\ncreel update --restart always --health-cmd 'wget -q -O - localhost' web"};
  const Command wait{"wait", "[options] CONTAINER [CONTAINER...]", "Wait for containers to end, print their exit codes",
                     kLocal, kShown, make<WaitCommand>, 0, kAny};
  const Command history{"history", "[options] IMAGE", "Show the steps that made an image",
                        kLocal, kShown, make<HistoryCommand>, 1, 1, nullptr,
                        "creel history docker.io/library/debian:12\n"
                        "creel history --format '{{.CreatedBy}}' --no-trunc debian:12"};
  const Command volume_ls{"volume ls", "[options]", "List volumes", kLocal, kShown, make<VolumeLsCommand>, 0, 0};
  const Command volume_rm{"volume rm", "[options] VOLUME [VOLUME...]", "Remove volumes",
                          kLocal, kShown, make<VolumeRmCommand>, 0, kAny,
                          "Removes volumes and what is in them.\n"
                          "Exit code 1: no such volume; 2: a container uses it."};
  const Command secret_ls{"secret ls", "[options]", "List secrets", kLocal, kShown, make<SecretLsCommand>, 0, 0};
  const Command secret_rm{"secret rm", "[options] SECRET [SECRET...]", "Remove secrets",
                          kLocal, kShown, make<SecretRmCommand>, 0, kAny};
  const Command images{"images", "[options] [IMAGE]", "List images in local storage",
                       kLocal, kShown, make<ImagesCommand>, 0, 1, nullptr, kImagesExamples};
  const Command rmi{"rmi", "[options] IMAGE [IMAGE...]", "Remove one or more images from local storage",
                    kLocal, kShown, make<RmiCommand>, 0, kAny,
                    "Takes names away from images, and removes an image that has no name left.\n"
                    "Exit code 1: no such image; 2: a container uses it."};
  const Command tag{"tag", "IMAGE TARGET_NAME [TARGET_NAME...]", "Give an image in local storage further names",
                    kLocal, kShown, make<TagCommand>, 2, kAny};
  const Command untag{"untag", "IMAGE [IMAGE...]", "Take names away from an image in local storage",
                      kLocal, kShown, make<UntagCommand>, 1, kAny,
                      "Takes the given names away from the image, or all of its names when none is given."};
  const Command pull{"pull", "[options] IMAGE [IMAGE...]", "Pull an image from a registry",
                     kImages, kShown, plane("pull"), 1, kAny, nullptr,
                     "creel pull docker.io/library/debian:12\n"
                     "creel pull --platform linux/arm64 docker.io/library/alpine"};
  const Command push{"push", "[options] IMAGE [DESTINATION]", "Push an image to a registry or another place",
                     kImages, kShown, plane("push"), 1, 2,
                     "Sends an image as it is: manifest and layers keep their digests. Without a destination it goes to\n"
                     "the registry that its name tells. What the destination has is not sent again.",
                     kPushExamples};
  const Command search{"search", "[options] TERM", "Search registries for images",
                       kImages, kShown, plane("search"), 1, 1, nullptr,
                       "creel search registry.example.com/app\n"
                       "creel search --list-tags docker.io/library/debian"};
  const Command load{"load", "[options]", "Load images from an archive", kImages, kShown, plane("load"), 0, 0,
                     "Reads an OCI or Docker archive from standard input or a file.",
                     "creel load -i image.tar\ncreel load < image.tar"};
  const Command save{"save", "[options] IMAGE [IMAGE...]", "Save images to an archive",
                     kImages, kShown, plane("save"), 1, kAny, nullptr,
                     "creel save -o debian.tar docker.io/library/debian:12"};
  const Command import{"import", "[options] PATH [REFERENCE]", "Make an image from a tar archive of files",
                       kImages, kShown, plane("import"), 1, 2, nullptr,
                       "creel import rootfs.tar localhost/base:1\n"
                       "tar -C rootfs -c . | creel import - localhost/base:1"};
  const Command commit{"commit", "[options] CONTAINER [IMAGE]", "Make an image of what a container has changed",
                       kImages, kShown, plane("commit"), 1, 2,
                       "The changes become one more layer on the container's image. The container may run meanwhile;\n"
                       "with --pause its processes stand still until all is read. Volumes are not part of it.",
                       "creel commit web localhost/web:tuned\n"
                       "creel commit -c 'CMD [\"/start\"]' -m 'ready to go' web localhost/web"};
  const Command export_{"export", "[options] CONTAINER", "Write a container's files as a tar archive",
                        kImages, kShown, plane("export"), 1, 1,
                        "What the container's processes see, but for its volumes and other mounts.",
                        "creel export -o web.tar web\n"
                        "creel export web | tar -t"};
  const Command events{"events", "[options]", "Show what happens to containers, volumes and secrets",
                       kLocal, kShown, make<EventsCommand>, 0, 0,
                       "Shows each event as it comes, until it is interrupted; with --stream=false what has happened.\n"
                       "What is kept is bounded, and gone after a restart of the machine.",
                       "creel events --filter event=died --format '{{.Name}} {{.ContainerExitCode}}'\n"
                       "creel events --since 1h --stream=false"};
  const Command info{"info", "[options]", "Show what this engine found on its host",
                     kLocal, kShown, make<InfoCommand>, 0, 0};
  const Command inspect{"inspect", "[options] {CONTAINER|IMAGE} [...]",
                        "Show everything known of containers and images",
                        kLocal, kShown, at_times("inspect", make<InspectAnyCommand>), 0, kAny, nullptr, kInspectExamples};
  const Command version{"version", "[options]", "Show the version of creel",
                        kLocal, kShown, make<VersionCommand>, 0, 0};

  const auto as = [](Command row, const char* path) {
    row.path = path;
    return row;
  };
  // Accepted, but not shown beside their better-known spelling.
  const auto quietly = [](Command row, const char* path) {
    row.path = path;
    row.hidden = true;
    return row;
  };
  std::vector<Command> all = {
      attach, cp, create, diff, exec, init, kill, logs, mount, pause, port, ps, rename, restart, rm, run, start, stats, stop, top, unmount, unpause, update, wait,
      history, images, rmi, tag, untag, pull, push, search, load, save, import, commit, export_, events, info, inspect, version,
      as(attach, "container attach"), as(commit, "container commit"), as(cp, "container cp"), as(create, "container create"), as(exec, "container exec"),
      as(export_, "container export"),
      as(diff, "container diff"), as(mount, "container mount"), as(unmount, "container unmount"),
      quietly(unmount, "container umount"), quietly(unmount, "umount"),
      image_unmount, quietly(image_unmount, "image umount"),
      {"image diff", "[options] IMAGE [IMAGE]", "Show what an image has added, changed and deleted",
       kLocal, kShown, make<ImageDiffCommand>, 1, 2},
      {"image mount", "[options] [IMAGE...]", "Show the files of images as directories",
       kLocal, kShown, make<ImageMountCommand>, 0, kAny,
       "Mounts images, read-only, and prints where. An ordinary user does that in creel unshare, and what was mounted\n"
       "goes with it. Without an image: lists what is mounted."},
      {"unshare", "[options] [COMMAND [ARG...]]", "Run a command, or a shell, in the engine's user namespace",
       kLocal, kShown, make<UnshareCommand>, 0, kAny,
       "There the files of containers and images have the owners that they have inside, and creel mount works.\n"
       "The exit code is the command's.",
       "creel unshare cat /proc/self/uid_map"},
      as(init, "container init"), as(kill, "container kill"), as(logs, "container logs"), as(port, "container port"),
      as(pause, "container pause"), as(stats, "container stats"), as(top, "container top"), as(unpause, "container unpause"),
      as(update, "container update"), as(rename, "container rename"), as(restart, "container restart"),
      quietly(ps, "container list"), as(ps, "container ls"), quietly(ps, "container ps"),
      quietly(rm, "container remove"), as(rm, "container rm"), as(run, "container run"),
      as(start, "container start"), as(stop, "container stop"), as(wait, "container wait"),
      {"container exists", "[options] CONTAINER", "Exit code 0 when the container exists, 1 when not",
       kLocal, kShown, make<ExistsCommand>, 1, 1},
      {"container clone", "[options] CONTAINER [NAME [IMAGE]]", "Make another container like one that is there",
       kLocal, kShown, make<CloneCommand>, 1, 3,
       "The new container is what the original was made to be, with the limits that are given, and has nothing of what that\n"
       "has written. Both use the same volumes. Its name is the original's with -clone behind it.",
       "creel container clone web\ncreel container clone --destroy --run -m 1g web web2"},
      {"container inspect", "[options] CONTAINER [CONTAINER...]", "Show everything known of containers",
       kLocal, kShown, make<InspectCommand>, 0, kAny},
      quietly(images, "image list"), as(images, "image ls"), quietly(rmi, "image remove"), as(rmi, "image rm"),
      as(tag, "image tag"), as(untag, "image untag"),
      as(pull, "image pull"), as(push, "image push"), as(search, "image search"),
      as(load, "image load"), as(save, "image save"), as(import, "image import"),
      {"image exists", "IMAGE", "Exit code 0 when the image is in local storage, 1 when not",
       kLocal, kShown, make<ImageExistsCommand>, 1, 1},
      as(history, "image history"),
      {"healthcheck run", "CONTAINER", "Run a container's health check now",
       kLocal, kShown, make<HealthcheckRunCommand>, 1, 1,
       "Runs the check that --health-cmd or the image says, and takes its outcome in. Exit code 0: it succeeded;\n"
       "1: it failed; 125: there is no check, or the container does not run.",
       "creel healthcheck run web && echo well"},
      {"image inspect", "[options] IMAGE [IMAGE...]", "Show everything known of images",
       kLocal, kShown, at_times("image inspect", make<ImageInspectCommand>), 1, kAny,
       "Of images in local storage, or of those elsewhere, without pulling them: docker://NAME, oci:DIRECTORY[:NAME],\n"
       "oci-archive:FILE[:NAME], docker-archive:FILE[:NAME], dir:DIRECTORY, containers-storage:NAME. Of these it says, too,\n"
       "which blobs they have, and what refers to them: signatures, attestations and other artifacts (at most 1,000).",
       "creel image inspect docker://debian:12\ncreel image inspect --format '{{.Digest}}' oci:layout:app\n"
       "creel image inspect --format '{{range .Referrers}}{{.ArtifactType}} {{.Digest}}{{println}}{{end}}' docker://registry.example/app:1"},
      {"container prune", "[options]", "Remove all containers that do not run", kLocal, kShown,
       make<ContainerPruneCommand>, 0, 0},
      {"login", "[options] [REGISTRY]", "Log in to a registry", kImages, kShown, plane("login"), 0, 1,
       "Keeps user name and password for a registry, or for a part of it (HOST/NAMESPACE), once it has accepted them.\n"
       "They are kept until the next reboot, where no credential helper and no other file is named.",
       "creel login registry.example.com\n"
       "creel login -u me --password-stdin registry.example.com < password"},
      {"logout", "[options] [REGISTRY]", "Log out of a registry", kImages, kShown, plane("logout"), 0, 1},
      {"image prune", "[options]", "Remove images that nothing uses",
       kLocal, kShown, make<ImagePruneCommand>, 0, 0,
       "Removes the images that have no name and that no container uses; with --all, those with a name too."},
      {"image scp", "[options] IMAGE [HOST::]", "Copy an image to or from another machine or user",
       kLocal, kShown, make<ImageScpCommand>, 1, 2,
       "HOST::IMAGE is an image there, HOST:: a place for it: [USER@]MACHINE[:PORT] by ssh, USER@localhost another user\n"
       "of this machine. creel must be there too; the manifest keeps its digest.",
       "creel image scp debian:12 me@build.example::\ncreel image scp me@build.example::app:1"},
      {"image tree", "[options] IMAGE", "Show the layers of an image and the images that end there",
       kLocal, kShown, make<TreeCommand>, 1, 1},
      {"manifest add", "[options] LIST {IMAGE|FILE} [{IMAGE|FILE}...]", "Add images or artifacts to a manifest list",
       kImages, kShown, plane("manifest add"), 2, kAny,
       "An image is looked for in local storage, then in its registry, where it stays until the list is pushed."},
      {"manifest annotate", "[options] LIST [IMAGE]", "Say more of an image in a manifest list, or of the list",
       kImages, kShown, plane("manifest annotate"), 1, 2},
      {"manifest create", "[options] LIST [IMAGE...]", "Make a manifest list in local storage",
       kImages, kShown, plane("manifest create"), 1, kAny, nullptr,
       "creel manifest create app:1 registry.example/app:1-amd64 registry.example/app:1-arm64"},
      {"manifest exists", "LIST", "Exit code 0 when the manifest list is in local storage, 1 when not",
       kLocal, kShown, make<ManifestExistsCommand>, 1, 1},
      {"manifest inspect", "[options] LIST", "Show a manifest list here, or any manifest elsewhere",
       kImages, kShown, plane("manifest inspect"), 1, 1},
      {"manifest push", "[options] LIST [DESTINATION]", "Copy a manifest list and its images to a registry or elsewhere",
       kImages, kShown, plane("manifest push"), 1, 2, nullptr,
       "creel manifest push app:1 registry.example/app:1\ncreel manifest push app:1 oci:directory:1"},
      {"manifest remove", "LIST DIGEST", "Take an image out of a manifest list",
       kImages, kShown, plane("manifest remove"), 2, 2},
      {"manifest rm", "[options] LIST [LIST...]", "Remove manifest lists from local storage",
       kLocal, kShown, make<ManifestRmCommand>, 1, kAny},
      {"system check", "[options]", "Check that the store is whole", kImages, kShown, plane("system check"), 0, 0,
       "Compares every record with the disk and every file with the records, and reads every blob. Exit code 0: all is\n"
       "well; what interrupted commands left is no damage. A store in use can be checked.",
       "creel system check --quick\n"
       "creel system check --repair"},
      {"system df", "[options]", "Show how much of the disk images, containers and volumes take", kLocal, kShown,
       make<DfCommand>, 0, 0,
       "Sizes are blocks of the disk, as du counts them: the sum is what the store takes. A fourth line, Leftovers, is\n"
       "there when interrupted commands left something, or running ones have not finished; creel system prune removes it."},
      {"system prune", "[options]", "Remove what is not used: containers, images, volumes, leftovers", kLocal, kShown,
       make<SystemPruneCommand>, 0, 0,
       "Removes containers that do not run, images without a name, and what interrupted commands left.",
       "creel system prune -f\n"
       "creel system prune --all --volumes"},
      {"system reset", "[options]", "Remove everything: containers, images, volumes, secrets, the store itself", kLocal, kShown,
       make<SystemResetCommand>, 0, 0, nullptr, "creel system reset --force"},
      {"volume prune", "[options]", "Remove all volumes that no container uses", kLocal, kShown,
       make<VolumePruneCommand>, 0, 0},
      {"secret create", "[options] NAME FILE|-", "Keep a secret for containers",
       kLocal, kShown, make<SecretCreateCommand>, 2, 2,
       "Reads the secret from a file, from standard input, or with --env from a variable, and prints its ID. A container\n"
       "is given it with run --secret; it is in no image, record or log.",
       "printf %s \"$TOKEN\" | creel secret create token -\n"
       "creel run --rm --secret token IMAGE cat /run/secrets/token"},
      {"secret exists", "SECRET", "Exit code 0 when the secret exists, 1 when not",
       kLocal, kShown, make<SecretExistsCommand>, 1, 1},
      {"secret inspect", "[options] SECRET [SECRET...]", "Show everything known of secrets but what they are",
       kLocal, kShown, make<SecretInspectCommand>, 1, kAny},
      quietly(secret_ls, "secret list"), secret_ls, quietly(secret_rm, "secret remove"), secret_rm,
      {"volume create", "[options] [NAME]", "Make a volume", kLocal, kShown, make<VolumeCreateCommand>, 0, 1,
       "Makes a volume and prints its name. Without options it is a directory of the store; with type and device, what\n"
       "they name is mounted in its containers.",
       "creel volume create data\n"
       "creel volume create --opt type=tmpfs --opt device=tmpfs --opt o=size=64m scratch\n"
       "creel volume create --opt type=none --opt device=/srv/www --opt o=bind,ro www"},
      {"volume exists", "VOLUME", "Exit code 0 when the volume exists, 1 when not",
       kLocal, kShown, make<VolumeExistsCommand>, 1, 1},
      {"volume export", "[options] VOLUME", "Write what is in a volume as a tar archive",
       kImages, kShown, plane("volume export"), 1, 1, nullptr, "creel volume export data -o data.tar"},
      {"volume import", "VOLUME [SOURCE]", "Put the files of a tar archive into a volume",
       kImages, kShown, plane("volume import"), 1, 2,
       "Reads the archive from a file, or from standard input. What is in the volume already stays, but for files of the\n"
       "same name.", "creel volume import data data.tar"},
      {"volume inspect", "[options] VOLUME [VOLUME...]", "Show everything known of volumes",
       kLocal, kShown, make<VolumeInspectCommand>, 0, kAny},
      quietly(volume_ls, "volume list"), volume_ls,
      {"volume mount", "VOLUME [VOLUME...]", "Print where volumes are on the host",
       kLocal, kShown, make<VolumeMountCommand>, 1, kAny},
      {"volume reload", "", "Ask volume drivers for their volumes; there are no such drivers",
       kLocal, kShown, make<VolumeReloadCommand>, 0, 0},
      quietly(volume_rm, "volume remove"), volume_rm,
      {"volume unmount", "VOLUME [VOLUME...]", "The opposite of volume mount",
       kLocal, kShown, make<VolumeUnmountCommand>, 1, kAny},
      {"doctor", "[options]", "Find out what works on this host, and how to cure what does not", kLocal, kShown,
       make<DoctorCommand>, 0, 0,
       "Tries what containers need: makes a user namespace, mounts an overlay, runs containers in a store of their own.\n"
       "For what does not work it says what is lost, and the command that cures it. Exit code 0: creel run works; 1: it\n"
       "does not.",
       "creel doctor\n"
       "creel doctor --json"},
      {"generate systemd", "[options] CONTAINER", "Print a systemd unit that runs a container", kLocal, kShown,
       make<GenerateSystemdCommand>, 1, 1,
       "Without --new the unit starts and stops this very container. With it, each start makes a new one by the command\n"
       "line that made this one, and each end removes it. As a user: ~/.config/systemd/user is the place for units, and\n"
       "loginctl enable-linger has them start with the machine.",
       "creel generate systemd --new --name web > ~/.config/systemd/user/container-web.service\n"
       "creel generate systemd --new --name --files --restart-policy always --after db.service web"},
      as(events, "system events"), as(info, "system info"),
      {"completion", "{bash|zsh|fish}", "Print a shell's completion script", kImages, kHidden,
       make<CompletionCommand>, 1, 1},
      // For the engine itself, the shell and the build. Those that show other commands' flags need all factories.
      {"__again", "ID", "Compute how a container is started again", kLocal, kHidden, make<AgainCommand>, 1, 2},
      {"__cleanup", "ID", "Remove what a container that was run with --rm left", kLocal, kHidden, make<CleanupCommand>,
       1, 1},
      {"__commands", "", "Print the path of every command", kLocal, kHidden, make<CommandsCommand>, 0, 0},
      {"__complete", "{containers|running|images|volumes|secrets|any}", "Print names for a shell's completion", kLocal, kHidden,
       make<CompleteCommand>, 1, 1},
      {"__completion", "{bash|zsh|fish}", "Print a shell's completion script", kImages, kHidden,
       make<CompletionCommand>, 1, 1},
      {"__options", "", "Print which of Podman's and Docker's options work", kImages, kHidden, make<OptionsCommand>, 0, 0},
      {"__man", "DIRECTORY", "Write the manual pages", kImages, kHidden, make<ManCommand>, 1, 1},
  };
  const auto earlier = [](const Command& a, const Command& b) { return std::strcmp(a.path, b.path) < 0; };
  std::sort(all.begin(), all.end(), earlier);
  return all;
}
// clang-format on

}  // namespace

const std::vector<Command>& table() {
  static const std::vector<Command> all = rows();
  return all;
}

}  // namespace creel::cmd
