// What the browser tells of its network: offline or not, and (few tell) whether it is Wi-Fi.
const NAME = "lantoa.wifi";
const PAID = ["cellular", "bluetooth", "wimax"];
const FREE = ["wifi", "ethernet"];

export class Network extends EventTarget {
  constructor() {
    super();
    this.connection = navigator.connection || null;
    this.chosen = remembered();
    const tell = () => this.dispatchEvent(new Event("change"));
    window.addEventListener("online", tell);
    window.addEventListener("offline", tell);
    if (this.connection && this.connection.addEventListener) this.connection.addEventListener("change", tell);
  }

  get isOffline() {
    return navigator.onLine === false;
  }

  // Whether this browser knows Wi-Fi from a mobile network.
  get knows() {
    return Boolean(this.connection) && [...PAID, ...FREE].includes(this.connection.type);
  }

  get onlyWifi() {
    return this.chosen && this.knows;
  }

  set onlyWifi(on) {
    this.chosen = on;
    try {
      localStorage.setItem(NAME, on ? "on" : "off");
    } catch {
      // It holds for this page.
    }
    this.dispatchEvent(new Event("change"));
  }

  get mustWait() {
    return this.onlyWifi && !FREE.includes(this.connection.type);
  }
}

function remembered() {
  try {
    return localStorage.getItem(NAME) === "on";
  } catch {
    return false;
  }
}
