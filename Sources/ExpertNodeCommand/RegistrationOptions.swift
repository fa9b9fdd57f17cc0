internal import ArgumentParser
internal import CommandSupport
internal import Logging
internal import Membership
internal import Shared

/// Where a node makes itself known to routers that do not have its endpoint.
struct RegistrationOptions: ParsableArguments {
    @Option(
        help: """
            Register in etcd while the node runs, for routers with --membership etcd:…: \
            etcd:http://HOST:PORT[,http://HOST:PORT][/PREFIX].
            """
    )
    var register: String?

    @Option(help: "The endpoint that is registered: where routers reach --listen. (default: what --listen says)")
    var advertise: String?

    /// The place, if one is given.
    func place(_ settings: Settings) throws(SettingsError) -> RegistrationPlace? {
        let advertised = settings.string("advertise", flag: advertise)
        guard let words = settings.string("register", flag: register) else {
            guard advertised == nil else {
                throw SettingsError("advertise says what is registered; give --register too, or neither.")
            }
            return nil
        }
        do {
            guard case .etcd(let address) = try MembershipWords(parsing: words) else {
                throw SettingsError("register has to be etcd:http://HOST:PORT[/PREFIX]; \"\(words)\" came.")
            }
            return RegistrationPlace(address: address, advertised: advertised)
        } catch let error as MembershipError {
            throw SettingsError("register: \(error.message).")
        } catch {
            throw error as? SettingsError ?? SettingsError("\(error)")
        }
    }
}

/// Where a node registers, and as what.
struct RegistrationPlace {
    let address: EtcdAddress
    let advertised: String?

    /// The service that keeps the node registered.
    func register(
        _ node: NodeID,
        listening: String,
        experts: String,
        key: String?,
        logger: Logger,
    ) throws(SettingsError) -> EtcdRegistration {
        let endpoint = advertised ?? listening
        // 0.0.0.0 and its like mean every address here, and another machine's own there.
        guard !["tcp://0.0.0.0:", "tcp://*:", "tcp://[::]:"].contains(where: { endpoint.hasPrefix($0) }),
            (1...512).contains(endpoint.utf8.count)
        else {
            throw SettingsError(
                "advertise has to be the endpoint where routers reach this node, such as tcp://10.0.0.2:7000; "
                    + "\(endpoint) names no machine."
            )
        }
        return EtcdRegistration(
            address: address,
            credentials: .fromEnvironment,
            node: node,
            registration: NodeRegistration(endpoint: endpoint, experts: experts, key: key),
            logger: logger,
        )
    }
}
