"""The local cluster: two nodes on this machine as network namespaces, no container engine needed. Root, Linux."""
