// swift-tools-version: 6.3
import PackageDescription

/// One list of settings for every hand-written target: the language as strict as it goes.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("ImmutableWeakCaptures"),
    .enableExperimentalFeature("Lifetimes"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

/// The HTTP server and what it stands on: the same list for both server libraries.
let server: [Target.Dependency] = [
    .product(name: "Hummingbird", package: "hummingbird"),
    .product(name: "HTTPTypes", package: "swift-http-types"),
    .product(name: "Logging", package: "swift-log"),
    .product(name: "Metrics", package: "swift-metrics"),
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
    .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
]

let commandLine: [Target.Dependency] = [
    .product(name: "ArgumentParser", package: "swift-argument-parser"),
    .product(name: "Logging", package: "swift-log"),
    .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
    .product(name: "UnixSignals", package: "swift-service-lifecycle"),
]

/// A hand-written Swift library.
func library(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// A test target.
func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies + ["TestKit"], swiftSettings: [.swiftLanguageMode(.v6)])
}

let package = Package(
    name: "medmoe",
    platforms: [.macOS(.v26)],
    products: [
        .executable(name: "medmoe-router", targets: ["RouterCommand"]),
        .executable(name: "medmoe-expert", targets: ["ExpertNodeCommand"]),
        .executable(name: "medmoe", targets: ["MedMoECommand"]),
        .executable(name: "medmoe-chaos", targets: ["ChaosCommand"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // C: libraries of the system, generated code, kernels and codecs.
        .systemLibrary(name: "CZeroMQ"),
        .systemLibrary(name: "COpenBLAS"),
        .systemLibrary(name: "CZlib"),
        .target(name: "CExpertWire", linkerSettings: [.linkedLibrary("protobuf-c")]),
        .target(name: "CKernels"),
        .target(name: "CZeroMQProbe", linkerSettings: [.linkedLibrary("zmq")]),
        .target(
            name: "CImageCodecs",
            linkerSettings: [
                .linkedLibrary("png"), .linkedLibrary("turbojpeg"), .linkedLibrary("tiff"), .linkedLibrary("webp"),
                .linkedLibrary("openjp2"), .linkedLibrary("dcmjpeg"),
                .linkedLibrary("dcmdata"), .linkedLibrary("oflog"), .linkedLibrary("ofstd"),
            ]
        ),

        // Arrows between libraries go down this list and never up.
        library("Kernels", ["COpenBLAS", "CKernels"]),
        library(
            "Shared",
            [
                "Kernels",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
            ]
        ),
        library("Imaging", ["CImageCodecs"]),
        library("Evaluation", ["Shared", "CZlib"]),
        library("Benchmarking", ["Shared"]),
        library("Model", ["Shared", "Kernels"]),
        library("Transport", ["Shared", "Kernels", "CZeroMQ", "CExpertWire"]),
        library("ExpertNode", ["Model", "Transport", "Shared", "Kernels"] + server),
        library("Router", ["Model", "Transport", "Shared", "Kernels", "Imaging"] + server),
        library(
            "Membership",
            [
                "Shared",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]
        ),
        library("LocalCluster", ["Shared"]),
        library(
            "Chaos",
            [
                "LocalCluster", "Model", "Benchmarking", "Shared",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]
        ),
        library(
            "CommandSupport",
            [
                "Shared", "Kernels",
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "SystemPackage", package: "swift-system"),
            ] + commandLine
        ),
        library("ServingOptions", ["Router", "Model", "Transport", "Imaging", "CommandSupport"] + commandLine),

        // Programs: flags, signals, nothing else.
        .executableTarget(
            name: "ExpertNodeCommand",
            dependencies: ["ExpertNode", "Membership", "Model", "Kernels", "Shared", "CommandSupport"] + commandLine,
            swiftSettings: strict
        ),
        .executableTarget(
            name: "RouterCommand",
            dependencies: [
                "Router", "Membership", "ServingOptions", "Model", "Kernels", "Shared", "CommandSupport",
            ] + commandLine,
            swiftSettings: strict
        ),
        .executableTarget(
            name: "MedMoECommand",
            dependencies: [
                "Router", "ExpertNode", "LocalCluster", "ServingOptions", "CommandSupport", "Model", "Transport",
                "Imaging", "Evaluation", "Benchmarking", "Kernels", "Shared", "CZeroMQProbe",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ] + commandLine,
            swiftSettings: strict
        ),
        .executableTarget(
            name: "ChaosCommand",
            dependencies: ["Chaos", "CommandSupport", "Shared"] + commandLine,
            swiftSettings: strict
        ),

        // Tests: values, one process, real processes.
        library("TestKit", ["Transport", "Kernels"]),
        library("FuzzEntries", ["Model", "Imaging", "Transport", "Shared"]),
        tests("KernelsTests", ["Kernels"]),
        tests("SharedTests", ["Shared", .product(name: "Logging", package: "swift-log")]),
        tests("FuzzTests", ["FuzzEntries"]),
        tests("ImagingTests", ["Imaging", .product(name: "Crypto", package: "swift-crypto")]),
        tests("EvaluationTests", ["Evaluation", "Shared"]),
        tests("BenchmarkingTests", ["Benchmarking", "Shared"]),
        tests("ChaosTests", ["Chaos", "Shared", .product(name: "NIOCore", package: "swift-nio")]),
        tests("ModelTests", ["Model", "Kernels", "Shared"]),
        tests("TransportTests", ["Transport", "Shared", "Kernels"]),
        tests(
            "ExpertNodeTests",
            [
                "ExpertNode", "Model", "Transport", "Kernels", "Shared",
                .product(name: "Metrics", package: "swift-metrics"),
            ]
        ),
        tests(
            "RouterTests",
            [
                "Router", "Imaging", "Model", "Transport", "Kernels", "Shared",
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ] + server
        ),
        tests(
            "MembershipTests",
            [
                "Membership", "Shared",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]
        ),
        tests("SystemTests", ["Router", "ExpertNode", "Model", "Transport", "Kernels", "Shared"] + server),
        tests(
            "ClusterTests",
            [
                "LocalCluster", "Membership", "Model", "Shared",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
            ]
        ),
    ],
    cxxLanguageStandard: .cxx17
)

// dev/fuzz sets this: one program more, and our own code with sanitizers and with the counters that guide libFuzzer.
if Context.environment["MEDMOE_FUZZ"] != nil {
    package.targets += [
        .systemLibrary(name: "CFuzzer"),
        .executableTarget(
            name: "FuzzDriver",
            dependencies: ["CFuzzer", "FuzzEntries"],
            swiftSettings: strict,
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address", "-use-ld=lld"])]
        ),
    ]
    let forC = [
        "-fsanitize=fuzzer-no-link,address,undefined", "-fno-sanitize=vptr,function",
        "-fno-sanitize-recover=undefined",
    ]
    for target in package.targets where target.type == .regular || target.type == .executable {
        if target.swiftSettings != nil {
            target.swiftSettings?.append(.unsafeFlags(["-sanitize=fuzzer,address"]))
        } else {
            target.cSettings = (target.cSettings ?? []) + [.unsafeFlags(forC)]
            target.cxxSettings = (target.cxxSettings ?? []) + [.unsafeFlags(forC)]
        }
    }
}
