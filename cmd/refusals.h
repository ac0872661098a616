// Data: what is refused for good, and why. One line each, "command|flags|reason": the command and all beneath it, or * for
// any; without flags the command itself. What is not here and not built is "not built yet". Included by unbuilt.cc alone.
#pragma once

#include <string_view>

namespace creel::cmd {

inline constexpr std::string_view kRefusals =
    // commands
    "machine||containers run on this host, not in a virtual machine\n"
    "swarm||there are no clusters of hosts\n"
    "node||there are no clusters of hosts\n"
    "service||there are no clusters of hosts\n"
    "stack||there are no clusters of hosts\n"
    "config||there are no clusters of hosts: a secret or a volume holds a file\n"
    "plugin||there are no plugins\n"
    "context||every command works on this host itself\n"
    "farm||every command works on this host itself\n"
    "system connection||every command works on this host itself\n"
    "system service||no service is needed, and none is offered\n"
    "system dial-stdio||no service is needed, and none is offered\n"
    "system locks||a container has no lock number\n"
    "system renumber||a container has no lock number\n"
    "system migrate||nothing of a running container depends on the engine's version\n"
    "checkpoint||a process can be saved and restored with rights of the host's root only\n"
    "container checkpoint||a process can be saved and restored with rights of the host's root only\n"
    "container restore||a process can be saved and restored with rights of the host's root only\n"
    "image sign||push --sign-by and --sign-by-sigstore-private-key sign\n"
    "image trust||policy.json says whose signatures are wanted\n"
    "buildx create||there is one builder, this host\n"
    "buildx rm||there is one builder, this host\n"
    "buildx stop||there is one builder, this host\n"
    "buildx use||there is one builder, this host\n"
    "buildx dial-stdio||no service is needed, and none is offered\n"
    // flags of many commands
    "*|--connection --url --remote --identity --host --tlscacert --tlscert --tlskey --tlsverify --tls|every command works on "
    "this host itself\n"
    "*|--conmon|the monitor is the engine's own program\n"
    "*|--decryption-key --encryption-key --encrypt-layer|encrypted images are not supported\n"
    "*|--sign-by-sq-fingerprint|Sequoia is not used: --sign-by signs with GnuPG, --sign-by-sigstore-private-key with a key\n"
    // run and create
    "*|--cpu-count --cpu-percent --io-maxbandwidth --io-maxiops|it is for Windows containers\n"
    "*|--cpu-rt-period --cpu-rt-runtime --memory-swappiness --oom-kill-disable --kernel-memory|cgroup v2 has no such limit\n"
    "*|--use-api-socket|there is no service to connect to\n"
    "*|--link --link-local-ip|links were replaced by networks\n"
    "*|--chrootdirs|/etc/hosts and its like are mounted beneath / only\n"
    "*|--rdt-class|Intel RDT needs the resctrl file system, which is root's to manage\n"
    "*|--gpus|give the container the files of the GPU with --device\n"
    "run|--storage-opt|to limit a layer's size needs quotas, which an ordinary user may not set\n"
    "create|--storage-opt|to limit a layer's size needs quotas, which an ordinary user may not set\n"
    // others
    "start|--checkpoint --checkpoint-dir|a process can be saved and restored with rights of the host's root only\n"
    "generate systemd|--pod-prefix|there are no pods\n"
    "stop|--service|it is an internal flag of Podman's\n"
    "rm|--storage|the store has no containers of other programs\n"
    "secret create|--template-driver|there are no clusters of hosts\n"
    "volume create|--availability --group --limit-bytes --required-bytes --scope --secret --sharing --topology-preferred "
    "--topology-required --type|it is for volumes of a cluster\n"
    "volume ls|--cluster|it is for volumes of a cluster\n"
    "volume update||it is for volumes of a cluster\n";

}  // namespace creel::cmd
