/// What all programs of the product share.
public enum Product {
    /// By semver.org.
    public static var version: StaticString { "0.1.0" }

    /// What `--version` of a program prints.
    public static func text(_ program: String) -> String {
        "\(program) \(version), kernels: \(Service.text(KernelPath.supported))\n"
    }
}
